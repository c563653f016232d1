"""What an agent is called: as exported, by name, by address."""

from __future__ import annotations


def shown_agent(agent: str | None) -> str | None:
    """`Nora <nora@example.com>` is Nora; `nora@example.com`, with itself as a name too, is nora@…."""
    if not agent or "@" not in agent:
        return agent
    name, _, address = agent.rpartition("<")
    name = name.strip().strip('"')
    return name if name and "@" not in name else f"{address.partition('@')[0].strip()}@…"


def agent_names(agent: str | None) -> tuple[str, ...]:
    """What the agent may be asked for by: the cell, the name a report shows, the address."""
    cell = agent or ""
    address = cell.rpartition("<")[2].rstrip("> ") if "@" in cell else cell
    return cell, shown_agent(cell) or "", address
