"""A bot's files with the training data of its rows in place of what the files say themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from assistant.engine import Bundle
from assistant.engine.entity_markup import write_markup
from training.bundles.reading import STRIPPED, YAML, TrainingData, TrainingExample, is_training_file, names_in
from training.bundles.renaming import RenamedIntent, intent_of_payload, rename_in_file
from training.bundles.usage import BUILT_IN_INTENTS
from training.bundles.yaml_documents import Block, UnreadableYaml, as_list, read_yaml, storable_text, write_yaml

OUR_FILE = "data/taught.yml"
VERSION = "3.1"
OURS = ("intent", "synonym")
Data = dict[str, Any]


def build_bundle(files: Mapping[str, str], data: TrainingData, renamed: Sequence[RenamedIntent]) -> Bundle:
    """Comments and files without training data stay as they are; so do regular expressions and lookup tables."""
    read: dict[str, Data] = {}
    for path, text in files.items():
        if path.endswith(YAML) and (is_training_file(path) or path == "config.yml"):
            try:
                read[path] = read_yaml(text)
            except UnreadableYaml:
                continue  # left as it is: the training names it
    built = {path: _without_ours(path, rename_in_file(content, renamed)) for path, content in read.items()}
    domain = "domain.yml" if "domain.yml" in files else "domain/taught.yml"
    others = [content for path, content in built.items() if path != domain]
    built[domain] = _extended_domain(built.get(domain, {}), others, data)
    built[OUR_FILE] = _our_file(data, built.get(OUR_FILE, {}))
    # What did not change keeps its comments and its way of writing.
    written = {path: write_yaml(content) for path, content in built.items() if content != read.get(path) and content}
    emptied = {path for path, content in built.items() if not content}
    return Bundle({**{path: text for path, text in files.items() if path not in emptied}, **written})


def nlu_section(examples: Sequence[TrainingExample], synonyms: Mapping[str, str]) -> list[Data]:
    """Intents in the order of their first example, then synonyms."""
    order = {name: place for place, name in enumerate(dict.fromkeys(example.intent for example in examples))}

    def entry(example: TrainingExample) -> tuple[int, str, bool]:
        """One for each intent, for metadata of the intent, and for what a block of lines can't hold."""
        shared = json.dumps(example.metadata.get("intent"), sort_keys=True)
        return order[example.intent], shared, not _fits_a_line(example)

    entries: list[Data] = []
    for _, same in groupby(sorted(examples, key=entry), key=entry):
        group = list(same)
        first = group[0]
        shared = {"metadata": first.metadata["intent"]} if first.metadata.get("intent") else {}
        marked = [(write_markup(example.text, example.entities), example.metadata.get("example")) for example in group]
        written: Any = [{"text": text, **({"metadata": own} if own else {})} for text, own in marked]
        if _fits_a_line(first):  # so do the others of the group
            written = _block(text for text, _ in marked)
        entries.append({"intent": first.intent, **shared, "examples": written})
    by_value = sorted(synonyms.items(), key=lambda pair: pair[::-1])
    for value, pairs in groupby(by_value, key=lambda pair: pair[1]):
        entries.append({"synonym": value, "examples": _block(text for text, _ in pairs)})
    return entries


def answers_to_train(data: TrainingData) -> dict[str, str]:
    """The response that a rule of ours gives, by intent."""
    return {name: answer for name, answer in data.intents.items() if answer in data.responses}


def responses_to_train(data: TrainingData) -> dict[str, list[Data]]:
    """Their variations by name, with buttons that lead somewhere."""
    known = {*(name.partition("/")[0] for name in data.intents), *BUILT_IN_INTENTS}
    return {name: [_with_living_buttons(it, known) for it in said] for name, said in data.responses.items()}


def rules_section(answers: Mapping[str, str]) -> list[Data]:
    """`answers`: the response by intent."""
    return [
        {"rule": f"Answer {intent}", "steps": [{"intent": intent}, {"action": response}]}
        for intent, response in answers.items()
    ]


def answers_in(files: Mapping[str, str]) -> dict[str, str]:
    """What our rules in them answer: the response by intent."""
    found = {}
    for rule in as_list(read_yaml(files[OUR_FILE]).get("rules")) if OUR_FILE in files else ():
        match rule:
            case {"rule": _, "steps": [{"intent": str(intent)}, {"action": str(response)}]}:
                found[storable_text(intent)] = storable_text(response)
    return found


def _without_ours(path: str, content: Data) -> Data:
    """Without what the rows say: intents, synonyms, responses. Sections that are empty then go, and so does a file of
    which nothing is left."""
    if not is_training_file(path):
        return content
    kept = {name: value for name, value in content.items() if name != "responses"}
    if isinstance(kept.get("nlu"), list):
        kept["nlu"] = [it for it in kept["nlu"] if not (isinstance(it, dict) and any(name in it for name in OURS))]
    emptied = {name for name in ("nlu", "rules", "stories", "intents") if name in kept and not kept[name]}
    kept = {name: value for name, value in kept.items() if name not in emptied}
    return kept if set(kept) - {"version"} or kept == content else {}


def _extended_domain(domain: Data, others: Iterable[Data], data: TrainingData) -> Data:
    """The domain with all responses, and with the intents and entities that no part of it has."""
    parts = [domain, *others]
    families = [name.partition("/")[0] for name in data.intents]
    marked = [entity["entity"] for example in data.examples for entity in example.entities]
    own = {
        "intents": as_list(domain.get("intents")) + _missing(families, "intents", parts),
        "entities": as_list(domain.get("entities")) + _missing(marked, "entities", parts),
    }
    extended = {"version": VERSION, **domain, **own, "responses": responses_to_train(data)}
    return {name: value for name, value in extended.items() if value or name in domain}


def _missing(names: Iterable[str], section: str, parts: Iterable[Data]) -> list[str]:
    there = {name for part in parts for name in names_in(part.get(section))}
    return [name for name in dict.fromkeys(names) if name not in there]


def _with_living_buttons(variation: Data, intents: set[str]) -> Data:
    """A button that names an intent that is gone says its title: the model makes of it what it can."""
    if not isinstance(variation.get("buttons"), list):
        return variation
    buttons = []
    for button in variation["buttons"]:
        title = button.get("title") if isinstance(button, dict) else ""
        family = intent_of_payload(button.get("payload")).partition("/")[0] if title else ""
        buttons.append({**button, "payload": title} if family and family not in intents else button)
    return {**variation, "buttons": buttons}


def _our_file(data: TrainingData, there: Data) -> Data:
    """`there`: what a file of that name says already. It was exported from another installation."""
    rules = [rule for rule in rules_section(answers_to_train(data)) if rule not in as_list(there.get("rules"))]
    sections = {"nlu": nlu_section(data.examples, data.synonyms), "rules": rules}
    filled = {name: as_list(there.get(name)) + section for name, section in sections.items()}
    content = {**there, **{name: section for name, section in filled.items() if section}}
    return {"version": VERSION, **content} if content else {}


def _fits_a_line(example: TrainingExample) -> bool:
    """One line of printable characters and no metadata: it can stand in a block as it is."""
    written = write_markup(example.text, example.entities)
    plain = written.isprintable() and "\\" not in written and written == written.strip(STRIPPED)
    return plain and not example.metadata.get("example")


def _block(lines: Iterable[str]) -> str:
    text = "".join(f"- {line}\n" for line in lines)
    return Block(text) if text.replace("\n", "").isprintable() and "\\" not in text else text
