"""A text message holds what phones take, in a length that is known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.deliveries.sms import _ALPHABET, LONGEST, sms


@given(st.text(max_size=600))
def test_whatever_is_written_fits_and_is_in_the_alphabet(text: str) -> None:
    written = sms(text)
    assert len(written) <= LONGEST
    assert set(written) <= _ALPHABET


def test_what_has_a_near_relative_is_written_as_that() -> None:
    assert sms("Él – “dårlig”\n[3 €]  ~ naïve Łódź") == 'Él - "dårlig" (3 EUR) - naive ?ódz'.replace("ó", "o")


def test_what_is_too_long_is_cut_at_a_word() -> None:
    assert sms("word " * 100) == ("word " * 60).strip() + "..."
    assert sms("x" * 400) == "x" * 303 + "..."
