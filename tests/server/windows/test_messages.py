"""What a line of JSON-RPC is, to a front."""

import pytest

from server.windows.messages import NotAMessage, parse


@pytest.mark.parametrize("value", ['"\\ud800 x"', "NaN", "1e400"])
def test_a_line_that_only_a_lenient_reader_can_read_is_refused_under_its_id(value: str) -> None:
    """A host that cuts a string inside an emoji must hear of it, not wait for ever."""
    line = f'{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"a":{value}}}}}'
    with pytest.raises(NotAMessage) as caught:
        parse(line.encode())
    assert caught.value.id == 7
