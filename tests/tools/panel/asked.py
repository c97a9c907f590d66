"""Questions of different kinds."""

COUNT = "What is 17 * 23?"
CAPITAL = "What is the capital of France?"
POLAR = "Is 391 a prime number?"
HOW = "Give the result as JSON."
OPINION = "Should a small team begin with microservices?"
PROSE_A = (
    "A small team should begin with one deployable unit, since the cost of a network between parts "
    "is paid every day while its gain comes only with many teams."
)
PROSE_B = (
    "Begin as a monolith: with few people the overhead of separate services outweighs what is "
    "gained, and modules inside one program can be pulled apart later on."
)
PROSE_C = (
    "Microservices from the first day keep the parts independent, and whoever postpones the split "
    "will find that it never happens because the parts have grown together."
)
