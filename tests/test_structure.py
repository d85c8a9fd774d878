"""The house rules that a machine can hold: who imports whom, and what dvc.yaml must declare."""

import ast
import re
from functools import cache
from importlib import import_module
from modulefinder import ModuleFinder
from pathlib import Path

import pytest
import yaml

from nightjar import params
from nightjar.training import checkpoints
from stages import report

ROOT = Path(__file__).resolve().parents[1]
PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
TRAINING = [name for name, kind in params.STAGES.items() if issubclass(kind, params.Training)]
OF_OTHERS = {  # keys that a stage reads in another stage's block
    "train_classical": ["probe_clip.class_groups", "probe_clip.neighbours"],
    "finetune_clip": ["pretrain_clip.validation_fraction"],
    "finetune_astromer": [
        "pretrain_astromer.models",
        "pretrain_astromer.networks.${item.model}.loss",
    ],
    "probe_astromer": ["pretrain_astromer.models"],
    "evaluate_uncertainty": [
        "train_uncertainty.methods",
        "train_uncertainty.samples_per_class",
        "train_uncertainty.survey",
        "presets.${preset}.train_uncertainty.samples_per_class",
    ],
}
TORCH_FREE = ("tables", "ragged", "samples", "spectra", "windows", "splits", "simulate", "surveys")


@cache
def modules() -> dict[str, Path]:
    """Dotted name -> file of every first-party module."""
    files = sorted([*ROOT.glob("nightjar/**/*.py"), *ROOT.glob("stages/*.py")])
    named = {f.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."): f for f in files}
    return {name.removesuffix(".__init__"): file for name, file in named.items()}


@cache
def imports(name: str) -> set[str]:
    """Modules that ``name`` imports, first-party ones resolved to the file that they mean."""
    found = set()
    for node in ast.walk(ast.parse(modules()[name].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            deeper = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {d if d in modules() else node.module for d in deeper}
    return found


def room(name: str) -> str:
    """``nightjar.networks.maven`` -> ``networks``."""
    return name.split(".")[1] if name.startswith("nightjar.") else name


@cache
def closure(stage: str) -> set[str]:
    """First-party files that ``python -m stages.<stage>`` imports."""
    finder = ModuleFinder(path=[str(ROOT)])
    finder.run_script(str(ROOT / "stages" / f"{stage}.py"))
    files = (Path(m.__file__) for m in finder.modules.values() if m.__file__)
    return {f.relative_to(ROOT).as_posix() for f in files if f.stat().st_size}


def block(stage: str) -> dict:
    """The stage's block in dvc.yaml, the inner one for a matrix."""
    return PIPELINE[stage]


def filled(text: str, item: dict[str, str]) -> str:
    """Text of dvc.yaml with its ``${...}``: those of a matrix's ``item``, else of params.yaml."""

    def value(match: re.Match[str]) -> str:
        kind, _, key = match[1].partition(".")
        return item[key] if kind == "item" else str(PARAMS[kind][key] if key else PARAMS[kind])

    return re.sub(r"\$\{([\w.]+)\}", value, text)


def first_item(stage: str) -> dict[str, str]:
    """The first of a stage's matrix, as ``{"method": "deterministic"}``; else nothing."""
    found = {}
    for name, values in block(stage).get("matrix", {}).items():
        top, key = values.removeprefix("${").removesuffix("}").split(".")
        found[name] = PARAMS[top][key][0]
    return found


def test_dvc_yaml_has_the_stages_of_the_settings():
    assert list(PIPELINE) == list(params.STAGES)


@pytest.mark.parametrize("stage", PIPELINE)
def test_the_import_closure_of_a_stage_is_inside_its_deps(stage):
    deps = [dep for dep in block(stage)["deps"] if isinstance(dep, str)]
    outside = {
        file
        for file in closure(stage)
        if not any(file == dep or file.startswith(f"{dep}/") for dep in deps)
    }
    assert not outside, f"dvc.yaml: {stage}: add to deps: {sorted(outside)}"


@pytest.mark.parametrize("stage", PIPELINE)
def test_every_python_dep_of_a_stage_is_needed(stage):
    """A dep that nothing imports would rerun the stage for nothing."""
    files = closure(stage)
    deps = [dep for dep in block(stage)["deps"] if dep.startswith(("nightjar", "stages"))]
    idle = [d for d in deps if not any(f == d or f.startswith(f"{d}/") for f in files)]
    assert not [d for d in idle if d.endswith(".py") or (ROOT / d).is_dir()]


@pytest.mark.parametrize("stage", PIPELINE)
def test_declared_params_are_those_that_the_stage_reads(stage):
    declared = block(stage).get("params", [])
    reads = [*params.root_keys(stage), stage, f"presets.${{preset}}.{stage}"]
    assert sorted(declared) == sorted([*reads, *OF_OTHERS.get(stage, [])])


@pytest.mark.parametrize("stage", PIPELINE)
def test_every_declared_key_exists(stage):
    for declared in block(stage).get("params", []):
        for preset in PARAMS["presets"]:
            here = PARAMS
            for key in filled(declared.replace("${preset}", preset), first_item(stage)).split("."):
                assert key in here, f"params.yaml has no {declared} ({preset})"
                here = here[key]


@pytest.mark.parametrize("stage", TRAINING)
def test_a_checkpoint_belongs_to_all_data_that_the_stage_reads(stage, monkeypatch):
    """Else a stage that was killed would go on, after a change of its data, with the old ones."""
    taken = []

    def stop(stage, settings, inputs, code):
        taken.extend(path.as_posix() for path in inputs)
        raise KeyboardInterrupt

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(checkpoints, "directory", stop)
    with pytest.raises(KeyboardInterrupt):
        import_module(f"stages.{stage}").main(*first_item(stage).values())
    deps = [filled(dep, first_item(stage)) for dep in block(stage)["deps"]]
    assert sorted(taken) == sorted(dep for dep in deps if dep.startswith(("data", "models")))


@pytest.mark.parametrize("stage", PIPELINE)
def test_a_stage_file_is_a_flat_story(stage):
    text = (ROOT / "stages" / f"{stage}.py").read_text()
    assert f'"{stage}"' in text
    assert f"params.{params.STAGES[stage].__name__}" in text or stage == "report"
    assert len(text.splitlines()) <= 100


def test_the_report_describes_every_astromer_network():
    """A stage without a matrix cannot take its deps and outs from a list of params.yaml."""
    listed = {
        f"models/{kind}/{model}/{file}"
        for model in PARAMS["pretrain_astromer"]["models"]
        for kind, file in (("astromer", "weights.safetensors"), ("astromer_finetuned", "folds"))
    }
    deps = {dep for dep in block("report")["deps"] if dep.startswith("models/astromer")}
    cards = {next(iter(out)) for out in block("report")["outs"] if "models/astromer" in str(out)}
    assert deps == listed
    assert cards == {f"{Path(dep).parent}/MODEL_CARD.md" for dep in deps}
    assert {f"models/{name}/MODEL_CARD.md" for name in report.MODELS} >= cards


@pytest.mark.parametrize("name", [n for n in modules() if room(n) in TORCH_FREE])
def test_data_rooms_never_import_torch(name):
    seen, todo = set(), [name]
    while todo:
        current = todo.pop()
        for imported in imports(current):
            assert imported.split(".")[0] not in {"torch", "lightning"}, f"{current}: {imported}"
            if imported in modules() and imported not in seen:
                seen.add(imported)
                todo.append(imported)


@pytest.mark.parametrize("name", [n for n in modules() if room(n) == "networks"])
def test_networks_import_only_each_other_and_torch(name):
    first_party = {i for i in imports(name) if i.split(".")[0] in {"nightjar", "stages"}}
    assert {room(i) for i in first_party} <= {"networks"}


def test_nightjar_never_imports_stages():
    for name in modules():
        if name.startswith("nightjar"):
            assert not {i for i in imports(name) if i.startswith("stages")}, name


def test_no_import_circles():
    graph = {name: imports(name) & modules().keys() for name in modules()}
    state: dict[str, int] = {}

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert state.get(name) != 1, f"circle: {' -> '.join((*trail, name))}"
        if name not in state:
            state[name] = 1
            for imported in sorted(graph[name]):
                visit(imported, (*trail, name))
            state[name] = 2

    for name in graph:
        visit(name, ())


def test_gpl_and_optional_packages_are_never_imported_at_module_level():
    optional = {"light_curve", "sncosmo", "dask"}
    for name, file in modules().items():
        for node in ast.parse(file.read_text()).body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not optional & {n.split(".")[0] for n in names}, name


def test_no_path_of_a_private_machine_and_nothing_unpickled():
    for name, file in modules().items():
        text = file.read_text()
        for forbidden in ("shared/realdata", "import pickle", "torch.load", "yaml.load("):
            assert forbidden not in text, f"{name}: {forbidden}"
