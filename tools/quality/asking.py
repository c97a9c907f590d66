"""How the quality tools ask a model: through the dispatcher, as every call."""

from typing import TYPE_CHECKING

from pointsman.money import Nano
from pointsman.records import Call, Principal
from pointsman.types import ChatRequest, Message
from quality.asking import Answer, Ask

if TYPE_CHECKING:  # a command that asks no model need not wait for its import
    from routing.dispatch import Dispatcher


def ask_of(dispatcher: "Dispatcher", tool: str, principal: Principal) -> Ask:
    """Asks on behalf of `principal`. A model whose price is not known is not asked: the most that
    an answer may cost could not be kept."""

    async def ask(system: str, prompt: str, most: Nano) -> Answer:
        messages = (Message("system", system), Message("user", prompt))
        call = Call(
            request=ChatRequest(messages=messages),
            category="coding",
            max_cost=most,
            principal=principal,
            tool=tool,
        )
        answer = await dispatcher.complete(call)
        return Answer(answer.completion.text, answer.cost)

    return ask
