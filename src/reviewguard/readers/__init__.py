"""Readers: one module per input format, each giving messages.

The path of a message, from its file to a finding:

1. `sources` finds the files, and `registry` picks the reader of each, by suffix and content.
2. A format's reader cuts its file into pieces: rows (`csv_tables` with `delimited`, `xlsx`, `parquet`), objects of JSON
   (`jsonl`, `json_lists`), tickets (`zendesk`, `gorgias` and `freshdesk`, on `tickets`) or mails (`mail`).
3. `conversations` makes an object of JSON with messages in lists a row for each of these messages.
4. `table` makes a row a `Record`: `columns` and `layouts` say which column holds what, `cell_values` what a cell says,
   `roles` who wrote it. Tickets and mails know that themselves, and become records in `tickets` and `mail`.
5. On the way, `markup` makes HTML text, and `wording` takes off what a message quotes, for each of these ways alike.
6. `inference.batch` keeps the records in a work file; `inference.conversations` puts them in order and gives each
   seller's message the buyer's words before it; then the classifier gives each its verdict.
7. `inference.audit` goes through the scored records by conversation: `threads` hands orders on, `copies` tells what
   stands twice, `orders` applies the rules of a whole order, `findings` collects and `overview` counts.

Words that exports use for columns and writers are in `vocabulary.toml` alone.
"""
