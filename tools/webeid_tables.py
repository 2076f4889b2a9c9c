"""Rewrites the tables in docs/webeid.md from the code: the host's state machine, its times, and what a page sees."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from mynacard.webeid.host import LIMITS, TABLE, Event, Move, State
from mynacard.webeid.messages import Failure

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "webeid.md"
BEGIN: Final = "<!-- printed from the code: tools/webeid_tables.py -->\n"
END: Final = "<!-- end of the tables -->\n"


def tables() -> str:
    """All tables, as the page has them."""
    return "\n".join([machine(), states(), failures()])


def machine() -> str:
    """What happens, by state: what is done, and the state that follows."""
    columns = [state for state in State if state is not State.ENDED]
    rows = [[event.value, *(_cell(state, TABLE[state, event]) for state in columns)] for event in Event]
    return _table(["what happens", *(_name(state) for state in columns)], rows)


def states() -> str:
    """The states, and how long each may last."""
    rows = [[_name(state), state.value, f"{LIMITS[state]:g} s" if state in LIMITS else ""] for state in State]
    return _table(["state", "the host …", "at most"], rows)


def failures() -> str:
    """What a page is told of a command that is not carried out."""
    return _table(["code", "text"], [[f"`{code}`", text] for code, text in (failure.value for failure in Failure)])


def _cell(state: State, move: Move) -> str:
    if move.state is state:
        return "–"
    done = ", ".join(action.value for action in move.actions)
    return f"{done}: {_name(move.state)}"


def _name(state: State) -> str:
    return f"*{state.name.lower()}*"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    head, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, tail = rest.partition(END)
    assert begin, BEGIN
    assert end, END
    PAGE.write_text(f"{head}{begin}\n{tables()}\n{end}{tail}", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
