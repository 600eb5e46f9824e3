"""The READMEs of `strategies/` and `tasks/` are what the declarations say now."""

from bench.contribute import catalogue


def test_the_readmes_are_current() -> None:
    stale = [
        f"{path.parent.name}/{path.name}"
        for path, text in catalogue.pages().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    assert not stale, f"{' and '.join(stale)} out of date; run: {catalogue.COMMAND}"


def test_every_strategy_and_task_is_listed() -> None:
    strategies, tasks = catalogue.strategies_readme(), catalogue.tasks_readme()
    assert all(f"| [{name}]({name}.py) |" in strategies for name in catalogue.strategies())
    assert all(f"| [{name}]({name}.py) |" in tasks for name in catalogue.tasks())


def test_extensions_are_a_group_that_says_who_plays() -> None:
    before, _, after = catalogue.tasks_readme().partition("## Extensions")
    extensions = [t for t in catalogue.tasks().values() if t.domain == catalogue.EXTENSION]
    assert extensions
    for task in extensions:
        assert f"| [{task.name}]({task.name}.py) | {catalogue.players(task)} |" in after
        assert f"[{task.name}]({task.name}.py)" not in before
    assert "reward: critic, critic: critic, actor: actor" in after


def test_table_1_names_strategies_that_exist() -> None:
    named = {name for _, names, *_ in catalogue.table_1() for name in names.split(", ")}
    assert len(catalogue.table_1()) == 10
    assert named <= {f"`{name}`" for name in catalogue.strategies()}


def test_kits_are_listed_with_settings_of_their_own() -> None:
    text = catalogue.strategies_readme()
    assert "| `sngan` | `critic_steps`, `low_beta1` (beta1 = 0.0), `spectral_norm` |" in text
    assert "| `ddpg` | `replay`, `target_network` |" in text
