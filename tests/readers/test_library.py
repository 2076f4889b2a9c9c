"""PC/SC's functions with values for answers and ReaderErrors for everything else, whatever a binding does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mynacard import errors
from mynacard.readers.library import Calls
from mynacard.readers.pyscard import Pyscard
from tests.support import CANARY, chain, tells


class Odd:
    """A raw layer that answers or raises what no raw layer should."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def _answer(self, *_: object) -> object:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    SCardStatus = SCardTransmit = _answer


@pytest.mark.parametrize("answer", [None, [], [0], ["zero"], [0, "r", 1, 2, [256]], [0, "r", 1, 2, None], object()])
def test_an_answer_of_no_known_shape_is_a_reader_error(answer: object) -> None:
    with pytest.raises(errors.ReaderError):
        Calls(Pyscard(Odd(answer))).atr(0x1001)


@pytest.mark.parametrize("shape", [list, tuple])
def test_an_answer_may_be_a_list_or_a_tuple(shape: Callable[[list[object]], object]) -> None:
    assert Calls(Pyscard(Odd(shape([0, "r", 1, 2, [0x3B, 0x00]])))).atr(0x1001) == b"\x3b\x00"


@pytest.mark.parametrize("sign", [0, -(1 << 32)])
def test_a_code_is_the_same_with_either_sign(sign: int) -> None:
    with pytest.raises(errors.CardResetError):
        Calls(Pyscard(Odd(0x80100068 + sign))).atr(0x1001)


@pytest.mark.parametrize("raised", [SystemError, TypeError, ValueError, OverflowError])
def test_what_a_binding_says_of_its_arguments_is_not_repeated(raised: type[Exception]) -> None:
    calls = Calls(Pyscard(Odd(raised(f"argument 3: {list(CANARY.encode())}"))))
    with pytest.raises(errors.ReaderError, match=raised.__name__) as caught:
        calls.transmit(0x1001, 2, b"\x00\x20\x00\x80")
    told = [each for each in chain(caught.value) if isinstance(each, errors.MynacardError)]
    assert not any(tells(f"{each} {each!r} {vars(each)}") for each in told)


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_stays_one(raised: type[BaseException]) -> None:
    with pytest.raises(raised):
        Calls(Pyscard(Odd(raised()))).atr(0x1001)
