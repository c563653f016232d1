-- One batch run on disk. Texts are bytes (lone surrogates occur). A text is kept once and named by its digest.
create table state (name text primary key, value text);
create table columns (position integer primary key, name blob, kinds integer);
create table records (number integer primary key, record blob);
create table strings (digest blob unique, value blob);
-- Kind: 0 seller, 1 buyer, 2 system, 3 an unreadable row, 4 a file or sheet left out, 5 one, or the rest
-- of one, that must not be passed over. Moment: microseconds since 1970.
create table messages (
    number integer primary key, conversation blob, moment integer, kind integer, text blob, previous blob
);
-- Distinct pairs of a seller's text and the buyer's words before it, the longest first.
create table jobs (
    id integer primary key, text blob, previous blob, characters integer, decision text, verdict blob
);
-- Jobs scored together, committed together.
create table chunks (id integer primary key, first integer, last integer, characters integer, done integer default 0);
