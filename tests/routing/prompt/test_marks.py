"""What a prompt shows beside its kind: whether its answer ages, images, moods, its language."""

import pytest

from pointsman.records import Category, Emotion
from routing.prompt.emotion import empathic_addition, read_emotion
from routing.prompt.language import detect_language
from routing.prompt.marks import find_tags, is_time_sensitive
from routing.prompt.signals import read_signals

AGES = (
    "What's the weather like in Bergen today?",
    "weather forecast for the weekend in Porto",
    "Who is the current president of Brazil?",
    "Who is the prime minister of Canada?",
    "What is the latest version of Django?",
    "latest news about the election",
    "What is happening in the world right now?",
    "What time is it in Tokyo?",
    "What is the stock price of the largest chip maker?",
    "exchange rate euro to dollar",
    "What was the score of the final yesterday?",
    "Who won the match last night?",
    "Which films are in the cinemas this week?",
    "Is the metro on strike tomorrow?",
    "Give me today's news in five bullet points.",
    "How much does a litre of petrol cost in Italy?",
    "When is the next game of the Lions?",
    "What are the upcoming concerts in Leeds?",
    "Summarize the recent research on room-temperature superconductors.",
    "Is the ticket website down right now?",
    "what's trending on social media",
    "As of now, who holds the world record for the marathon?",
    "How old is the queen of Denmark?",
    "What day is it?",
)
STAYS = (
    "Explain bubble sort",
    "Where do koalas live?",
    "Who painted the Mona Lisa?",
    "Which episode of Breaking Bad has the fly?",
    "Tom bought 3 apples today and 5 yesterday. How many apples does he have?",
    "I had such a bad day today.",
    "My dog died yesterday and I can't stop crying.",
    "How do I print the current directory in bash?",
    "git checkout -b latest && ./build.sh --current",
    "What is the current through a 5 ohm resistor?",
    "Write a news article about a dragon.",
    "Translate: the weather was cold.",
    "When did the Berlin Wall fall?",
    "How old is the universe?",
    "Prove that there are infinitely many primes.",
    "What is the capital of France?",
    "What time complexity has heapsort?",
    "Recently I feel lonely.",
)
MOODS = {
    "Im so frustrated with this!": "frustrated",
    "Im so frustrated, my quicksort crashes": "frustrated",
    "Ugh, I hate this stupid printer": "frustrated",
    "I'm fed up with my job": "frustrated",
    "I am stuck on this bug and it drives me crazy": "frustrated",
    "I feel so lonely since I moved": "sad",
    "My grandmother passed away last week": "sad",
    "my girlfriend broke up with me": "sad",
    "I\u2019m heartbroken": "sad",
    "so sad right now": "sad",
    "\U0001f62d": "sad",
    "I lost my job last month": "sad",
    "I'm really nervous about the exam": "anxious",
    "I can't sleep, I keep thinking about tomorrow": "anxious",
    "Worried about my test results": "anxious",
    "I feel overwhelmed by all these choices": "anxious",
    "I am furious at my landlord": "angry",
    "I'm mad at my brother": "angry",
    "I got the job, I can't wait!": "happy",
    "I am so proud of my daughter": "happy",
    "I feel guilty for what I said": "guilty",
    "it was all my fault": "guilty",
    "I was so embarrassed on the stage": "guilty",
    "I'm exhausted": "tired",
    "I am jealous of my coworker": "jealous",
    "Explain bubble sort": "neutral",
    "My patient is anxious before surgery. Which drug helps?": "neutral",
    "Write a poem about a sad clown": "neutral",
    "I'm not sad, just curious": "neutral",
    "Is depression more common in women?": "neutral",
    "The angry man was tall. Underline the adjectives.": "neutral",
    "I want to write a story about someone who is lonely": "neutral",
    "Solve 2x+5=15": "neutral",
    "What is a panic in finance?": "neutral",
    "12345": "unknown",
    "": "unknown",
}
LANGUAGES = {
    "What is the capital of Peru?": "en",
    "Explain bubble sort": "en",
    "hi there": "en",
    "Translate to French: the cat sleeps on the sofa": "en",
    "How do you say 'guten Morgen' in Spanish?": "en",
    "Was ist die Hauptstadt von Peru?": "de",
    "Schreibe eine Funktion, die eine Liste sortiert": "de",
    "Quelle est la capitale du Pérou ?": "fr",
    "Écris un poème sur la mer": "fr",
    "¿Cuál es la capital de Perú?": "es",
    "Escribe una función que ordene una lista": "es",
    "Qual è la capitale del Perù?": "it",
    "Qual é a capital do Peru?": "pt",
    "Wat is de hoofdstad van Peru?": "nl",
    "Vad är huvudstaden i Peru?": "sv",
    "Jaka jest stolica Peru?": "pl",
    "Peru'nun başkenti neresi ve nas\u0131l bir şehir?": "tr",
    "Какая столица Перу?": "ru",
    "Яка столиця Перу \u0456 її населення?": "uk",
    "秘鲁的首都是哪里\uff1f": "zh",
    "ペルーの首都はどこですか\uff1f": "ja",
    "페루의 수도는 어디입니까?": "ko",
    "ما هي عاصمة بيرو؟": "ar",
    "पेरू की राजधानी क्या है?": "hi",
    "מהי בירת פרו?": "he",
    "Ποια είναι η πρωτεύουσα του Περού;": "el",
    "用Python写一个快速排序函数": "zh",
    "x = [1, 2, 3]; print(x)": "und",
    "2x+5=15": "und",
    "": "und",
    "\U0001f600\U0001f600": "und",
}


@pytest.mark.parametrize("text", AGES)
def test_a_question_about_now_has_an_answer_that_ages(text: str) -> None:
    assert is_time_sensitive(read_signals(text))


@pytest.mark.parametrize("text", STAYS)
def test_a_question_about_no_time_has_an_answer_that_stays(text: str) -> None:
    assert not is_time_sensitive(read_signals(text))


@pytest.mark.parametrize(("text", "label"), MOODS.items())
def test_the_mood_is_the_writers_own(text: str, label: str) -> None:
    """SE-08."""
    emotion = read_emotion(text.lower())
    assert emotion.label == label
    assert (emotion.intensity > 0) == (label not in ("neutral", "unknown"))


def test_a_louder_message_shows_a_stronger_mood() -> None:
    calm = read_emotion("i am sad about it")
    assert calm.intensity < read_emotion("i am so sad about it!!").intensity <= 1


@pytest.mark.parametrize(
    ("emotion", "category", "said"),
    [
        (Emotion(label="frustrated", intensity=0.6), "coding", True),
        (Emotion(label="anxious", intensity=0.9), "math", True),
        (
            Emotion(label="frustrated", intensity=0.6),
            "empathy",
            False,
        ),  # it is what the whole answer is about
        (Emotion(label="frustrated", intensity=0.3), "coding", False),
        (Emotion(label="happy", intensity=1.0), "coding", False),
        (Emotion(label="neutral", intensity=0.0), "coding", False),
    ],
)
def test_a_heavy_mood_with_a_task_adds_a_sentence_to_the_system_prompt(
    emotion: Emotion, category: Category, said: bool
) -> None:
    """SE-08, AT-402: the task keeps its category and gains an empathic system prompt."""
    added = empathic_addition(emotion, category)
    assert (added is not None) == said
    assert added is None or emotion.label in added


@pytest.mark.parametrize(("text", "language"), LANGUAGES.items())
def test_the_language_of_a_text_is_told(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("Write a haiku about the sea", {"creative"}),
        ("Tell me a joke about cats", {"creative"}),
        ("Come up with three names for a bakery", {"creative"}),
        ("What is shown in the attached photo?", {"vision"}),
        ("Describe this image", {"vision"}),
        ("What's wrong in this screenshot?", {"vision"}),
        ("Read the text in the uploaded picture", {"vision"}),
        ("![chart](chart.png) What does it show?", {"vision"}),
        ("Write a poem about the picture attached", {"creative", "vision"}),
        ("How do I resize an image with Python?", set()),
        ("Who took the most famous photo of the moon landing?", set()),
        ("Explain bubble sort", set()),
        ("Read the first character of a string", set()),
    ],
)
def test_tags_say_what_is_to_be_invented_or_seen(text: str, tags: set[str]) -> None:
    """RT-03: creative and vision stand beside the category."""
    assert find_tags(read_signals(text)) == tags
