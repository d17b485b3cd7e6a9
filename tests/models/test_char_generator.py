from collections import Counter
from itertools import islice
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gnn_toolkit import CharGenerator, RecurrentStack
from gnn_toolkit.models import Sampling, Vocabulary, read_description, sampling, save_weights
from gnn_toolkit.models.char_generator import CELLS, LINEAR


def make(text: str = "abcdef ", cell: str = "lstm", **options: Any) -> CharGenerator:
    torch.manual_seed(0)
    model = CharGenerator(Vocabulary(text), cell, **{"embedding_channels": 5, "hidden_channels": 6, **options})
    return model.double()


def with_logits(probabilities: dict[str, float]) -> CharGenerator:
    """Return a model that gives every next character the same probability whatever came before."""
    model = make("".join(probabilities))
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.copy_(torch.tensor([probabilities[c] for c in model.vocabulary.characters]).log())
    return model


@given(st.text(min_size=1))
def test_a_vocabulary_writes_back_what_it_has_read(text: str):
    vocabulary = Vocabulary(text)
    codes = vocabulary.encode(text)
    assert vocabulary.decode(codes) == text
    assert codes.dtype == torch.int64
    assert vocabulary.characters == "".join(sorted(set(text)))
    assert len(vocabulary) == len(set(text))
    assert set(codes.tolist()) == set(range(len(vocabulary)))


def test_codes_follow_the_sorted_characters():
    vocabulary = Vocabulary("cab")
    assert vocabulary.encode("abcba").tolist() == [0, 1, 2, 1, 0]
    assert vocabulary.encode("").tolist() == []
    assert vocabulary.decode(torch.tensor([2, 0])) == "ca"


def test_unknown_characters_are_named():
    expected = r"^text: expected the 3 characters of the vocabulary, got the unknown \['\\n', 'x'\]; remove or replace"
    with pytest.raises(ValueError, match=expected):
        Vocabulary("abc").encode("axbx\n")


def test_an_empty_text_is_refused():
    with pytest.raises(ValueError, match=r"^text: expected at least one character, got an empty text"):
        Vocabulary("")


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_logits_are_those_of_its_three_parts(cell: str):
    model, codes = make(cell=cell), torch.tensor([[0, 3, 2, 6], [1, 1, 5, 4]])
    parts: Any = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[cell]
    recurrence = parts(5, 6, 2, batch_first=True).double()
    recurrence.load_state_dict(model.recurrence.state_dict())
    out, _ = recurrence(model.embedding.weight[codes])
    torch.testing.assert_close(model(codes)[0], out @ model.head.weight.T + model.head.bias)


@pytest.mark.parametrize("cell", LINEAR)
def test_a_linear_cell_s_logits_are_those_of_residual_blocks(cell: str):
    model: Any = make(cell=cell, num_layers=3)
    codes = torch.tensor([[0, 3, 2, 6], [1, 1, 5, 4]])
    stack = RecurrentStack(LINEAR[cell], 5, 6, 3, batch_first=True).double()
    stack.load_state_dict(model.recurrence.state_dict())
    out, _ = stack(model.embedding.weight[codes])
    torch.testing.assert_close(model(codes)[0], out @ model.head.weight.T + model.head.bias)
    with pytest.raises(ValueError, match=r"^dilations: expected none with a cell that is linear in its state"):
        make(cell=cell, dilations=[4])


@pytest.mark.parametrize("cell", [*CELLS])
def test_one_long_call_is_many_short_ones_with_the_state_carried(cell: str):
    model, codes = make(cell=cell), torch.tensor([[0, 3, 2, 6, 1, 4], [1, 1, 5, 4, 0, 2]])
    expected, last = model(codes)
    state, found = None, []
    for stretch in codes.split([1, 3, 2], 1):
        logits, state = model(stretch, state)
        found.append(logits)
    torch.testing.assert_close(torch.cat(found, 1), expected, atol=1e-12, rtol=0)
    torch.testing.assert_close(state, last, atol=1e-12, rtol=0)


@pytest.mark.parametrize("cell", [*CELLS])
def test_greedy_text_is_the_likeliest_next_character_again_and_again(cell: str):
    model = make(cell=cell)
    text = "dab"
    for _ in range(12):
        logits, _ = model(model.vocabulary.encode(text)[None])
        text += model.vocabulary.characters[int(logits[0, -1].argmax())]
    assert model.generate("dab", 12, 0) == text[3:]
    assert model.generate("dab", 12, temperature=0, seed=3) == text[3:]
    assert "".join(model.stream("dab", 12, 0)) == text[3:]


def test_a_seed_repeats_the_draw_and_leaves_torch_s_own_alone():
    model = make()
    state = torch.get_rng_state()
    assert model.generate("a", 30, seed=1) == model.generate("a", 30, seed=1)
    assert model.generate("a", 30, seed=1) != model.generate("a", 30, seed=2)
    assert torch.get_rng_state().equal(state)


def test_without_a_seed_every_draw_is_new():
    model = make()
    torch.manual_seed(0)
    first = model.generate("a", 60)
    torch.manual_seed(0)
    assert model.generate("a", 60) != first


def test_more_is_written_by_the_same_seed_with_the_same_beginning():
    model = make()
    assert model.generate("a", 30, seed=1).startswith(model.generate("a", 10, seed=1))
    assert model.generate("a", 0) == ""


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_characters_are_drawn_with_the_model_s_probabilities_to_the_power_of_one_over_temperature(temperature: float):
    probabilities = {"a": 0.6, "b": 0.3, "c": 0.1}
    count = 2000
    found = Counter(with_logits(probabilities).generate("a", count, temperature, seed=0))
    powers = {c: p ** (1 / temperature) for c, p in probabilities.items()}
    for character, power in powers.items():
        assert abs(found[character] / count - power / sum(powers.values())) < 0.03


@pytest.mark.parametrize("temperature", [1e-6, 1e-300, 5e-324])
def test_a_temperature_near_zero_is_greedy(temperature: float):
    model = make()
    assert model.generate("a", 20, temperature, seed=0) == model.generate("a", 20, 0)


@pytest.mark.parametrize("temperature", [1e9, float("inf")])
def test_an_endless_temperature_draws_all_characters_alike(temperature: float):
    found = Counter(with_logits({"a": 0.98, "b": 0.01, "c": 0.01}).generate("a", 1500, temperature, seed=0))
    assert all(abs(found[character] / 1500 - 1 / 3) < 0.03 for character in "abc")


def test_writing_keeps_no_gradients():
    model = make()
    text = model.stream("a", 3, seed=0)
    next(text)
    assert torch.is_grad_enabled()
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", 3), "prompt: expected at least one known character, got ''"),
        (("a?b!", 3), r"text: expected the 7 characters of the vocabulary, got the unknown \['!', '\?'\]"),
        (("a", -1), "length: expected at least 0, got -1"),
        (("a", 3, -0.5), "temperature: expected at least 0, got -0.5"),
        (("a", 3, float("nan")), "temperature: expected at least 0, got nan"),
    ],
)
def test_bad_requests_are_refused_before_the_first_character(arguments: tuple[Any, ...], message: str):
    with pytest.raises(ValueError, match=f"^{message}"):
        make().stream(*arguments)
    with pytest.raises(ValueError, match=f"^{message}"):
        make().generate(*arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"cell": "lstn"},
            r"cell: expected one of rnn, gru, lstm, .*, got 'lstn'; did you mean 'lstm'\?",
        ),
        ({"embedding_channels": 0}, "embedding_channels: expected an integer of at least 1, got 0"),
        ({"hidden_channels": 0}, "hidden_size: expected an integer of at least 1, got 0"),
        ({"num_layers": 0}, "num_layers: expected an integer of at least 1, got 0"),
        ({"dropout": 2.0}, r"dropout: expected a probability in \[0, 1\], got 2.0"),
    ],
)
def test_a_model_that_makes_no_sense_is_refused(options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=f"^{message}"):
        make(**options)


@pytest.mark.parametrize("cell", [*CELLS])
def test_a_small_model_learns_a_verse_by_heart(cell: str):
    verse = "the quick brown fox jumps over it. "
    torch.manual_seed(0)
    model = CharGenerator(Vocabulary(verse), cell, embedding_channels=12, hidden_channels=24, num_layers=1)
    codes = model.vocabulary.encode(verse * 2)[None]
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    value = torch.tensor(torch.inf)
    for _ in range(120):
        logits, _ = model(codes[:, :-1])
        value = torch.nn.functional.cross_entropy(logits[0], codes[0, 1:])
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    assert float(value.detach()) < 0.1
    assert model.generate(verse[:20], 2 * len(verse) - 20, 0) == (verse * 2)[20:]


def test_dropout_does_not_touch_generation_and_training_goes_on():
    torch.manual_seed(0)
    model = CharGenerator(Vocabulary("abcdef"), hidden_channels=8, num_layers=2, dropout=0.9).train()
    texts = {model.generate("a", 30, 0.0) for _ in range(3)}
    assert texts == {model.eval().generate("a", 30, 0.0)}
    assert not model.training
    next(model.train().stream("a", 2, 0.0))
    assert model.training
    dilated = CharGenerator(Vocabulary("abcdef"), "lstm", hidden_channels=8, dropout=0.9, dilations=[2]).train()
    assert {dilated.generate("a", 30, 0.0) for _ in range(3)} == {dilated.eval().generate("a", 30, 0.0)}


@pytest.mark.parametrize("cell", [*CELLS])
@pytest.mark.parametrize("sampling", [Sampling(0.0), Sampling(1.3), Sampling(1.0, top_k=3), Sampling(1.0, top_p=0.8)])
def test_one_call_of_a_thousand_is_ten_of_a_hundred(cell: str, sampling: Sampling):
    model = make(cell=cell)
    prompts = ["dab", "f", "a a"]
    whole, end = model.extend(model.begin(prompts, seed=4), 1000, sampling)
    state, parts = model.begin(prompts, seed=4), []
    for _ in range(10):
        part, state = model.extend(state, 100, sampling)
        parts.append(part)
    assert ["".join(text) for text in zip(*parts, strict=True)] == whole
    torch.testing.assert_close(state.memory, end.memory, atol=1e-12, rtol=0)
    assert torch.equal(state.last, end.last)


@pytest.mark.parametrize("cell", [*CELLS])
def test_texts_side_by_side_are_those_written_alone(cell: str):
    model = make(cell=cell)
    texts, _ = model.extend(model.begin(["dab", "f", "a a"], seed=4), 50)
    assert texts == [model.generate(prompt, 50, seed=4 + place) for place, prompt in enumerate(["dab", "f", "a a"])]
    assert model.extend(model.begin(["a"], seed=0), 0)[0] == [""]


def test_only_the_likeliest_are_drawn_from():
    probabilities = {"a": 0.5, "b": 0.3, "c": 0.15, "d": 0.05}
    model = with_logits(probabilities)
    assert set(model.generate("a", 500, top_k=2, seed=0)) == {"a", "b"}
    assert set(model.generate("a", 500, top_p=0.8, seed=0)) == {"a", "b"}
    assert set(model.generate("a", 500, top_p=0.81, seed=0)) == {"a", "b", "c"}
    assert set(model.generate("a", 500, top_k=9, seed=0)) == set("abcd")
    found = Counter(model.generate("a", 2000, top_k=2, seed=0))
    assert abs(found["a"] / 2000 - 0.5 / 0.8) < 0.03


def test_unknown_characters_of_a_prompt_are_skipped_on_request():
    model = make()
    assert model.generate("a?b!", 9, 0, unknown="skip") == model.generate("ab", 9, 0)
    with pytest.raises(ValueError, match=r"^prompt: expected at least one known character, got '\?!'"):
        model.begin(["?!"], unknown="skip")
    with pytest.raises(ValueError, match=r"^unknown: expected one of error, skip, got 'skp'"):
        model.generate("a", 1, unknown="skp")
    with pytest.raises(ValueError, match=r"^prompts: expected at least one prompt"):
        model.begin([])


@pytest.mark.parametrize(
    ("options", "message"),
    [({"top_k": 0}, "top_k: expected an integer of at least 1"), ({"top_p": 0.0}, "top_p: expected a probability")],
)
def test_a_cut_that_leaves_nothing_is_refused(options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=f"^{message}"):
        make().stream("a", 1, **options)


@pytest.mark.parametrize("cell", [*CELLS])
def test_a_saved_model_writes_the_same(cell: str, tmp_path):
    torch.manual_seed(0)
    model = CharGenerator(Vocabulary("hällo\n\ud83d"), cell, 5, 6, 1, 0.25)
    model.save(tmp_path / "m.safetensors")
    other = CharGenerator.load(tmp_path / "m.safetensors")
    assert other.generate("h", 40, seed=2) == model.generate("h", 40, seed=2)
    assert (other.vocabulary.characters, other.vocabulary.counts) == ("\nhloä\ud83d", [1, 1, 2, 1, 1, 1])
    assert (other.cell, other.dropout, other.training) == (cell, 0.25, False)
    save_weights(tmp_path / "n.safetensors", torch.nn.Linear(1, 1), {"kind": "line"})
    with pytest.raises(ValueError, match=r"n\.safetensors: expected a saved CharGenerator, got None"):
        CharGenerator.load(tmp_path / "n.safetensors")


@pytest.mark.parametrize("counts", [{"ab": 1}, {"": 1}, {"a": -1}, {"a": "1"}, {1: 1}])
def test_a_vocabulary_is_of_single_characters(counts):
    with pytest.raises(ValueError, match=r"^text: expected single characters and counts of at least 0, got "):
        Vocabulary(counts)


@pytest.mark.parametrize(
    "change", [{"vocabulary": None}, {"vocabulary": {"ab": 1}}, {"sizes": {"width": 3}}, {"sizes": 3}]
)
def test_a_description_that_does_not_describe_a_generator_is_named(tmp_path, change):
    model, path = CharGenerator(Vocabulary("abc"), hidden_channels=4, num_layers=1), tmp_path / "m.safetensors"
    model.save(path)
    save_weights(path, model, read_description(path) | change)
    with pytest.raises(ValueError, match=r"m\.safetensors: expected the description of a CharGenerator, got another"):
        CharGenerator.load(path)


def test_a_vocabulary_counts_and_skips():
    vocabulary = Vocabulary({"b": 3, "a": 0})
    assert (vocabulary.characters, vocabulary.counts) == ("ab", [0, 3])
    assert vocabulary.encode("abcab", unknown="skip").tolist() == [0, 1, 0, 1]


def test_a_stream_without_end_begins_as_any_other_and_takes_no_memory_for_what_is_to_come(monkeypatch):
    model = CharGenerator(Vocabulary("abc "), hidden_channels=4, num_layers=1)
    drawn: list[int] = []
    rand = torch.rand
    monkeypatch.setattr(torch, "rand", lambda size, **options: drawn.append(size) or rand(size, **options))
    text = "".join(islice(model.stream("a", None, seed=1), 3000))
    assert drawn == [sampling.BLOCK] * 3
    assert text == model.generate("a", 3000, seed=1) == "".join(model.stream("a", 3000, seed=1))
    drawn.clear()
    assert next(model.stream("a", 10**12, seed=1)) == text[0]
    assert drawn == [sampling.BLOCK]


def test_a_seed_beyond_64_bits_is_named():
    with pytest.raises(ValueError, match=r"^seed: expected an integer of at most 64 bits, got 18446744073709551616"):
        CharGenerator(Vocabulary("abc"), hidden_channels=4).generate("a", 3, seed=1 << 64)
