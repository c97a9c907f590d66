"""HTML as Markdown: what a person would see, and nothing a page hides from them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.workbench.web.markdown import to_markdown

URL = "https://site.example/a/b"
MANY = 1_000_000


def markdown(source: str, limit: int = MANY) -> str:
    return to_markdown(source, URL, limit).text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<h1>One</h1><h3>Three</h3>x", "# One\n\n### Three\n\nx"),
        ("<p>one<p>two", "one\n\ntwo"),
        ("a\n  b\t<b> c </b>d", "a b **c** d"),
        ("<b></b><i> </i>x<em>y</em>", "x*y*"),
        ("<b><strong>x</strong></b>", "**x**"),
        ("one<br>two<br><br><br>three", "one\ntwo\n\nthree"),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>d", "- a\n- b\n  - c\n\nd"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ("<dl><dt>t<dd>d</dl>", "t\nd"),
        ("<blockquote><p>a<p>b</blockquote>c", "> a\n>\n> b\n\nc"),
        ("<pre>a\n  <b>b</b> &lt;</pre>", "```\na\n  b <\n```"),
        ("<pre><code class='language-rust'>vec![1]</code></pre>", "```rust\nvec![1]\n```"),
        ("<pre>```\nx</pre>", "````\n```\nx\n````"),
        ("use <code>vec![x]</code>", "use `vec![x]`"),
        (
            "<table><tr><th>A<th>B<tr><td>1|2<td>3</table>",
            "| A | B |\n| --- | --- |\n| 1\\|2 | 3 |",
        ),
        ("<table><tr><td>a<p>b<p>c<p>d<td>side</table>", "a\n\nb\n\nc\n\nd\n\nside"),
        ("<table><tr><td>alone</table>", "alone"),
        ("<td>stray</td><tr>row", "stray\nrow"),
        ("x<hr>y", "x\n\n---\n\ny"),
        ("&lt;b&gt; &amp;copy; &eacute;&#65;&#x42;", "<b> &copy; éAB"),
        ("5 < 6 <> 7 </ 8> 9 <3", "5 < 6 <> 7 9 <3"),
        ("<form><p>in a form<input value=x><button>press</button></form>", "in a form"),
        ("<details><summary>S</summary>more</details>", "S\n\nmore"),
        ("<div><span>a</span><span>b</span></div>", "ab"),
        ("<a href=/x>one</a>", "[one](https://site.example/x)"),
        ("<a href='?q=(1)'>q</a>", "[q](https://site.example/a/b?q=%281%29)"),
        ("<a href='//o.example/'><h2>T</h2></a>", "## [T](https://o.example/)"),
        ("<a href='/x'></a><a href='/y'> </a>z", "z"),
        ("<a href='#top'>top</a> <a>none</a>", "top none"),
        ("<a href='javascript:x()'>j</a><a href='data:,x'>d</a><a href='mailto:a@b'>m</a>", "jdm"),
        ("<a href='http://[bad'>b</a>", "b"),
        ("<base href='https://o.example/d/'><a href=e>x</a>", "[x](https://o.example/d/e)"),
        (
            "<a href=/1>one<a href=/2>two",
            "[one](https://site.example/1)[two](https://site.example/2)",
        ),
        ("<img src=http://e.example/x.png alt='A  cat'>", "(image: A cat)"),
        ("<img src=http://e.example/x.png>", ""),
    ],
)
def test_a_page_reads_as_it_looks(source: str, text: str) -> None:
    assert markdown(source) == text


@pytest.mark.parametrize(
    "source",
    [
        "<script>SECRET</script>",
        "<SCRIPT>if (a </b) SECRET</SCRIPT >",
        "<script><!-- <script>SECRET</script>",
        "<style>SECRET</style>",
        "<!-- SECRET -->",
        "<!--> <!-- SECRET -- > SECRET -->",
        "<!-- SECRET",
        "<!DOCTYPE SECRET>",
        "<?php SECRET ?>",
        "<div hidden>SECRET</div>",
        "<div HIDDEN=''><p>SECRET<div>SECRET</div>SECRET</div>",
        "<div hidden><table><tr><td></div>SECRET</table></div>",
        "<p style='display:none'>SECRET</p>",
        "<p style='color:red; DISPLAY : none !important'>SECRET</p>",
        "<p style=visibility:hidden>SECRET</p>",
        "<span style='font-size:0'>SECRET</span>",
        "<span style='opacity:0;'>SECRET</span>",
        "<p style='display&#58;none'>SECRET</p>",
        "<template>SECRET</template>",
        "<noscript>SECRET</noscript>",
        "<svg><text>SECRET</text></svg>",
        "<textarea>SECRET</textarea>",
        "<select><option>SECRET</select>",
        "<input value=SECRET><input type=hidden value=SECRET>",
        "<button>SECRET</button>",
        "<iframe srcdoc='SECRET'>SECRET</iframe>",
        "<object>SECRET</object>",
        "<img hidden alt=SECRET>",
        "<a href='/x' title=SECRET data-x=SECRET></a>",
        "<p title='>SECRET'></p>",
        "<div " + "x " * 300 + "><div hidden>" + "<div>" * 500 + "SECRET" + "</div>" * 501,
        "<div>" * 500 + "<p hidden>SECRET</p>" + "</div>" * 500,
        "<a href='javascript:SECRET'></a>",
        "<p title='SECRET",
        "".join(chr(0xE0000 + ord(c)) for c in "SECRET"),
    ],
)
def test_what_a_person_cannot_see_is_not_read(source: str) -> None:
    text = markdown(f"<p>before</p>{source}")
    assert text.strip() == "before"


def test_hidden_things_end_where_they_end() -> None:
    assert markdown("<p hidden>x<div>y</div>z") == "y\n\nz"
    assert markdown("<div hidden><img><br>x</div>y") == "y"
    assert markdown("<p style='opacity:0.5'>x<p hidden=until-found>y") == "x\n\ny"


@pytest.mark.parametrize(
    "source",
    [
        "![x](https://evil.example/?q=1)",
        "!<b></b>[x](https://evil.example)",
        "!<!---->[x](https://evil.example)",
        "!<a href=https://evil.example>x</a>",
        "<img alt='![x](https://evil.example)'>",
        "<p>!<span>[x](https://evil.example)</span>",
        "<a href='https://evil.example'>![x</a>",
    ],
)
def test_no_text_becomes_an_image(source: str) -> None:
    text = markdown(source).replace("!\\[", "")
    assert "![" not in text


def test_the_first_links_are_listed_once_each() -> None:
    many = "".join(f"<a href=/{n % 100}>n{n}</a> " for n in range(5000))
    document = to_markdown(many, URL, MANY)
    assert len({link.url for link in document.links}) == len(document.links) == 50
    assert document.links[0].text == "n0"
    assert document.text.count("](") == 2000  # the rest is text


def test_the_title_is_the_pages_own() -> None:
    document = to_markdown("<title> A\n&lt;b&gt; </title><svg><title>no</title></svg>x", URL, MANY)
    assert (document.title, document.text) == ("A <b>", "x")


HOSTILE = {
    "nested": "<div>" * 100_000 + "x" + "</div>" * 99_000,
    "bold": "<b>" * 100_000 + "x",
    "lists": "<ul><li>" * 90_000 + "x",
    "tables": "<table><tr><td>" * 60_000 + "x",
    "quotes": "<blockquote>" * 100_000 + "x",
    "stray ends": "x" + "</p></div></td></table>" * 40_000,
    "comments": "x" + "<!--" * 1_000_000,
    "declarations": "x" + "<!" * 2_000_000,
    "open tags": "x" + "<a " * 1_000_000,
    "ends": "x" + "</" * 2_000_000,
    "quotes in tags": "x" + "<a b='\"" * 500_000,
    "equals": "x<a " + "=" * 4_000_000,
    "attributes": "x<a " + "b=1 " * 1_000_000 + ">",
    "hidden": "x" + ("<p hidden" + " " * 20_000 + ">") * 200,
    "styles": "x" + ("<p style='display" + " " * 20_000 + "'>") * 200,
    "scripts": "x" + "<script>" * 500_000,
    "reference": "x&#" + "9" * 1_000_000 + ";",
    "references": "x" + "&" * 4_000_000,
    "spaces": "x" + " " * 4_000_000,
    "angles": "x" + "<" * 4_000_000,
    "backticks": "x<pre>" + "`" * 3_000_000,
    "half tags": "x<" + "a" * 4_000_000,
    "links": "x" + "<a href=y>z" * 300_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_page_is_too_deep_or_takes_more_than_its_share(kind: str) -> None:
    """Each would take minutes, or the stack, if work grew with the square of the length."""
    document = to_markdown(HOSTILE[kind], URL, MANY)
    assert "x" in document.text
    assert len(document.text) <= MANY


def test_a_page_is_cut_at_the_limit_and_says_so() -> None:
    document = to_markdown("<p>" + "word " * 1000, URL, 100)
    assert (len(document.text) <= 100, document.cut) == (True, True)
    assert not to_markdown("<p>word", URL, 100).cut


TAGS = """<p> </p> <b> </b> <a> </a> <table> <tr> <td> </td> </tr> </table> <ul> <ol> <li> </ul>
<pre> </pre> <template> </template> <h2> </h2> <blockquote> </blockquote> <br> <hr> <img> <!-- -->
<script> </script> <title> </title> text &amp; < > ! [ ]("""
PIECES = st.sampled_from(
    [*TAGS.split(), "<a href=x>", "<p hidden>", "<img alt=i>", "<base href=//b>"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=60))
def test_any_order_of_tags_is_read(tags: list[str]) -> None:
    document = to_markdown(" ".join(tags), URL, 500)
    assert len(document.text) <= 500
    assert "<script" not in document.text.replace("< script", "")


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="<>/!-= \"'abp&#;?[]()", max_size=200))
def test_any_characters_are_read(text: str) -> None:
    assert len(to_markdown(text, URL, 100).text) <= 100
