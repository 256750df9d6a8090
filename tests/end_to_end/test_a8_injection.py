"""Row A8: names and values made to be executed are names and values, and nothing else."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from jupyter_modelpack.adapters.publisher import ImagePublisher
from jupyter_modelpack.adapters.registry import Access, Registry
from jupyter_modelpack.cli.main import main
from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.reference import Reference, Repository
from jupyter_modelpack.services.packaging_types import PackageRequest, StepReport
from jupyter_modelpack.workshop import Workshop, open_workshop
from tests.product import ROOT, Product, document
from tests.registry.double import running

# ``@`` becomes a command that makes the canary file; a file's name cannot have a slash in it
HOSTILE = (
    *("$(@)", "`@`", "; @", "| @", "& @", "&& @", "|| @ #", "\n@\n", "\r\n@", "'; @; '", '"; @; "'),
    *("'$(@)'", '"$(@)"', "${IFS}@", "$(@", "x$(@)y", "{@}", "{{@}}", "{% @ %}", "%s%n @", "\\@"),
    *("-e @", "--exec=@", "--output=@", "-o@", "!@", "!!@", "%%bash @", "%sx @", "%(@)s"),
    *("__import__('os').system('@')", "' + __import__('os').system('@') + '", "'''\n@\n'''"),
    *('"""; @; """', "\\'; @; #", "eval('@')", "f'{@}'", "!!python/object/apply:os.system ['@']"),
    *("a: !!python/object/apply:os.system ['@']", "x\u2028@", "\u202e@", "a\tb @", "| @ >&2 <&1"),
    *("@ # .ipynb", "... @", "{{workflow.parameters.@}}", "{{$.inputs.parameters['@']}}", "$((@))"),
)


class Trap:
    """A file that no command may make, and where commands are looked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sprung = folder / "sprung"
        program = folder / "springtrap"
        program.write_text(f"#!/bin/sh\n: > {self.sprung}\n")
        program.chmod(0o755)

    def text(self, hostile: str) -> str:
        return hostile.replace("@", "springtrap")

    def name(self, hostile: str) -> str:
        return self.text(hostile).replace("/", "-")

    def is_untouched(self) -> bool:
        return not self.sprung.exists()


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trap]:
    made = Trap(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    yield made
    assert made.is_untouched(), "something was executed"


@pytest.fixture
def shop(product: Product) -> Workshop:
    return open_workshop(product.data_dir, {})


class Quiet:
    """Progress that nobody looks at."""

    def step(self, report: StepReport) -> None:
        pass

    def findings(self, findings: object) -> None:
        pass

    def log(self, text: str) -> None:
        pass


def write(path: Path, *cells: Any, **metadata: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = document(*cells)
    made["metadata"].update(metadata)
    path.write_text(json.dumps(made))
    return path


def test_a8_the_trap_works(trap: Trap) -> None:
    subprocess.run(["sh", "-c", trap.text("$(@)")], check=True)
    assert trap.sprung.exists()
    trap.sprung.unlink()


def test_a8_notebooks_and_packages_of_hostile_names(trap: Trap, shop: Workshop) -> None:
    """Package, list, name and export one notebook for each hostile name."""
    names = [trap.name(text) for text in HOSTILE]
    made: dict[str, Mapping[str, Any]] = {}
    refused = 0
    for number, name in enumerate(names):
        path = write(trap.folder / f"n{number}" / f"{name}.ipynb", f"x = {number}")
        (path.parent / f"{name}.csv").write_text("1\n")
        reading = f"x = {number}\nprint(open({f'{name}.csv'!r}).read())"
        write(path, reading, kernelspec={"name": "python3", "display_name": name})
        request = PackageRequest(str(path), verify=False, requested_by=name)
        record = shop.package(request, Quiet()).record
        beside = [] if "\n" in name else [f"{name}.csv"]  # no path has two lines
        assert [f["path"] for f in record["files"]] == beside
        made[record["name"] + " " + record["version"]] = record
        with pytest.raises(ModelPackError) as caught:
            shop.package(PackageRequest(str(path), name=name, verify=False), Quiet())
        assert "cannot be the name of a package" in caught.value.message
        refused += 1
    for record in made.values():
        assert record["name"].replace("-", "").isalnum() and record["name"].islower()
        assert shop.packages.resolve(f"{record['name']}:{record['version']}")["digest"]
    assert trap.is_untouched()
    print(f"A8: {len(names)} notebooks packaged, {refused} names of packages refused, 0 executed")


def test_a8_exports_of_hostile_names(trap: Trap, shop: Workshop) -> None:
    path = write(trap.folder / "plain.ipynb", "x = 'a8'")
    record = shop.package(PackageRequest(str(path), name="a8-plain", verify=False), Quiet()).record
    exported = refused = 0
    for number, text in enumerate(HOSTILE):
        name = trap.name(text)
        target = trap.folder / f"e{number}" / name
        target.parent.mkdir()
        kind = ("kubeflow", "kubernetes")[number % 2]
        assert shop.export(record, kind, target) == target.stat().st_size
        assert os.listdir(target.parent) == [name]
        target.unlink()
        try:
            shop.export(record, kind, target, repository=name)
        except ModelPackError:
            refused += 1
            continue
        exported += 1
        assert name in json.dumps(list(yaml.safe_load_all(target.read_text())), ensure_ascii=False)
    for kind in ("oci-archive", "docker-archive"):
        target = trap.folder / trap.text("$(@) ; `@` | @")
        assert shop.export(record, kind, target, overwrite=True) == target.stat().st_size
    print(
        f"A8: {len(HOSTILE)} exports to hostile names, {exported} repositories taken as they are, "
        f"{refused} refused"
    )


def test_a8_pushes_of_hostile_names(trap: Trap, shop: Workshop) -> None:
    """Push with each text as registry, repository, tag, environment, and credential program."""
    path = write(trap.folder / "plain.ipynb", "x = 'a8'")
    record = shop.package(PackageRequest(str(path), name="a8-plain", verify=False), Quiet()).record
    digest, attempts, refused = Digest.parse(record["digest"]), 0, 0
    with running() as double:
        place = Repository("a8/plain", double.host)
        registry = Registry()
        registry.push(shop.layout, digest, Reference(place, None, digest))
        for number, text in enumerate(HOSTILE):
            name = trap.text(text)
            file = trap.folder / f"config-{number}.json"
            helpers = {"credHelpers": {double.host: name}, "auths": {name: {"auth": name}}}
            file.write_text(json.dumps(helpers))
            double.rules.user = "nobody"  # so that the program is asked
            forms = (
                lambda name=name: push_to(shop, record, f"{double.host}/{name}"),
                lambda name=name: push_to(shop, record, name),
                lambda file=file: Registry(Access(auth_file=str(file))).tags(place),
            )
            for form in forms:
                attempts += 1
                with pytest.raises(ModelPackError):
                    form()
                refused += 1
            double.rules.user = ""
            with pytest.raises(ModelPackError):
                registry.tag(shop.layout, digest, place, name, moves=True)
            attempts, refused = attempts + 1, refused + 1
        assert double.tags.get("a8/plain", {}) == {}
    print(f"A8: {attempts} pushes with {len(HOSTILE)} hostile texts, {refused} refused, 0 executed")


def push_to(shop: Workshop, record: Mapping[str, Any], place: str) -> None:
    images = ImagePublisher(shop.layout, place, Access(attempts=1))
    images.upload(record, images.repository("a8-plain"), lambda _: None, lambda: False)


VALUES = f"""
import json
values = [globals()[f"p{{n}}"] for n in range({len(HOSTILE)})]
print(json.dumps([values, nested, number]))
open("values.json", "w").write(json.dumps([values, nested, number]))
"""


def test_a8_hostile_values_arrive_as_they_are(trap: Trap, product: Product) -> None:
    """Give every hostile text as a default, as a value of a run, and inside lists and names."""
    defaults = [f"p{n} = {trap.text(text)!r}" for n, text in enumerate(HOSTILE)]
    cell = "\n".join([*defaults, "nested = {'key': ['value']}", "number = 1"])
    path = write(trap.folder / "values.ipynb", (["parameters"], cell), VALUES)
    answer = product("package", str(path), "--json")
    assert answer.code == 0, answer.err
    by_name = {p["name"]: p["default"] for p in answer.json["parameters"]}
    assert [by_name[f"p{n}"] for n in range(len(HOSTILE))] == [trap.text(t) for t in HOSTILE]
    given = [trap.text(f"{text} {number}") for number, text in enumerate(HOSTILE)]
    words = [word for n, text in enumerate(given) for word in ("-p", f"p{n}={text}")]
    nested = {trap.text("$(@)"): [trap.text("`@`"), trap.text("'; @ #")]}
    words += ["-p", f"nested={json.dumps(nested)}"]
    setting = ["--setting", f"PLAIN={trap.text('$(@); @')}"]
    out = trap.folder / trap.text("$(@)") / trap.text("; @ #")
    done = product("run", "values", *words, *setting, "--output", str(out), "--json")
    assert done.code == 0, done.err
    assert json.loads((out / "values.json").read_text()) == [given, nested, 1]
    for text in (trap.text("__import__('os').system('@')"), trap.text("$(@)"), "1; springtrap"):
        wrong = product("run", "values", "-p", f"number={text}", "--json")
        assert wrong.code == 2 and "number takes a whole number" in wrong.error["message"]
    for kind in ("kubeflow", "kubernetes"):
        target = trap.folder / f"{kind}.yaml"
        exported = product("export", "values", "--format", kind, "-o", str(target))
        assert exported.code == 0, exported.err
        documents = list(yaml.safe_load_all(target.read_text()))
        if kind == "kubeflow":
            stated = documents[0]["root"]["inputDefinitions"]["parameters"]
            # Kubeflow would fill a template in: what has one is left to the image's own default
            kept = ["" if "{{" in text else trap.text(text) for text in HOSTILE]
            found = [stated[f"p{n}"].get("defaultValue", "") for n in range(len(HOSTILE))]
            assert found == kept
    print(f"A8: {len(HOSTILE)} values by default, by the run and in YAML, 0 executed, 0 changed")


def test_a8_hostile_words_on_the_command_line(
    trap: Trap,
    product: Product,
    capfd: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    """Ask for hostile releases, names and inputs; each is refused, as no more than a name."""
    path = str(write(trap.folder / "plain.ipynb", "x = 1"))
    data = f"--data-dir={product.data_dir}"
    request.addfinalizer(partial(signal.signal, signal.SIGTERM, signal.getsignal(signal.SIGTERM)))
    for number, hostile in enumerate(HOSTILE):
        text = trap.text(hostile)
        forms = [
            ("run", data, f"--input={text}=x", "--", text),
            ("show", data, "--", text),
            ("package", data, f"--name={text}", path),
            ("export", data, "--format=kubeflow", f"--output=x/{number}", "--", text),
        ]
        for words in forms:
            assert main(words) == 2, words
            said = capfd.readouterr().err
            assert "Something broke" not in said and "Traceback" not in said
    print(f"A8: {len(HOSTILE) * 4} commands with hostile words refused, 0 executed")


FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_NAMES = {
    *("os.system", "os.popen", "os.spawnl", "os.spawnlp", "os.spawnv", "os.spawnvp"),
    *("subprocess.getoutput", "subprocess.getstatusoutput", "commands.getoutput"),
    *("pickle.load", "pickle.loads", "marshal.load", "shelve.open", "yaml.load", "pty.spawn"),
    *("yaml.unsafe_load", "yaml.full_load", "asyncio.create_subprocess_shell"),
}
# the program that the kernel's own Python compiles modules with reads its valid bytecode
ALLOWED = {("environment/bytecode_program.py", "compile")}


def calls_that_execute(source: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        shell = any(
            word.arg == "shell"
            and not (isinstance(word.value, ast.Constant) and not word.value.value)
            for word in node.keywords
        )
        if shell or name in FORBIDDEN_CALLS or name in FORBIDDEN_NAMES:
            yield node.lineno, "shell=True" if shell else name


def test_a8_nothing_in_the_package_executes_text() -> None:
    package = ROOT / "jupyter_modelpack"
    looked, found = 0, []
    for path in sorted(package.rglob("*.py")):
        inside = path.relative_to(package).as_posix()
        if "/node_modules/" in inside or inside.startswith(("labextension/", "runtime/")):
            continue
        looked += 1
        for line, name in calls_that_execute(path.read_text()):
            if (inside, name) not in ALLOWED:
                found.append(f"{inside}:{line} {name}")
    print(f"A8: {looked} modules, {len(found)} calls that execute text")
    assert looked > 100
    assert found == []


def test_a8_the_runtime_starts_no_shell() -> None:
    for path in sorted((ROOT / "jupyter_modelpack/runtime").rglob("*.py")):
        names = {name for _, name in calls_that_execute(path.read_text())}
        # a step's values that have no format of their own were pickled by the step before it,
        # in the same image and the same pipeline
        pickled = {"pickle.load", "pickle.loads"} if path.name == "handover.py" else set()
        assert names <= {"exec", "compile"} | pickled, (path, names)


def test_a8_the_check_sees_what_it_looks_for() -> None:
    seen = "subprocess.run(x, shell=True)\nos.system(x)\nos.popen(x)\neval(x)\nexec(x)\nf(shell=y)"
    assert len(list(calls_that_execute(seen))) == 6
    assert list(calls_that_execute("subprocess.run(x, shell=False)\nre.compile(x)")) == []
