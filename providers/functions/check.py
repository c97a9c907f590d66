"""Whether a tool is the right one: what a model that can judge it is asked after its call."""

import re

from providers.functions.describe import Function, cut
from providers.functions.prompt import Said, Step

MOST_TOKENS = 16
MOST_TEXT = 300  # characters of a description
QUESTION = """Check this call. A function is right for a request only if its result is what the \
request asks for; one for something else on the same subject is not."""
SHOWN = (  # function, request, whether it is right
    ("price_after_discount: Calculate a price after a discount.",
     "What discount in percent is it if a coat of 80 dollars costs 60 now?", "no"),
    ("word_count: Count the words of a text.",
     "How many letters does the text 'Red roses' have?", "no"),
    ("get_population: Get the population of a country.", "How many people live in Peru?", "yes"),
    ("area_of_circle: Calculate the area of a circle.",
     "What is the circumference of a circle with radius 4?", "no"),
    ("area_of_circle: Calculate the area of a circle.",
     "How large is a circle with a radius of 4?", "yes"),
    ("book_flight: Book a flight.", "What does a flight from Oslo to Rome cost?", "no"),
    ("get_recipe: Find a recipe.", "How do I cook a vegan curry?", "yes"),
)  # fmt: skip


def check(said: tuple[Said, ...], one: Function, wish: str) -> Step:
    """The question about a call, after the talk that ends with it, which the model still has."""
    description = cut(one.description, MOST_TEXT)
    shown = [
        f'{function} For "{request}": {{"right": "{right}"}}' for function, request, right in SHOWN
    ]
    question = "\n".join([QUESTION, *shown, f'{one.name}: {description} For "{wish}":'])
    return Step(
        messages=(*said, Said("user", question)),
        schema={
            "type": "object",
            "properties": {"right": {"enum": ["yes", "no"], "type": "string"}},
            "required": ["right"],
            "additionalProperties": False,
        },
        max_tokens=MOST_TOKENS,
    )


def is_right(answer: str) -> bool:
    """What is no clear no is a yes: the gate has let the request through."""
    return re.search(r'"right":\s*"no"', answer) is None
