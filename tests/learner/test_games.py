"""Rates of the games with closed-form answers, for every order of play."""

import numpy as np
import pytest
import torch

from bench.learner.integrators import alternating, simultaneous
from tests.support.closed_form import STEP as H
from tests.support.closed_form import build, learner, same_spectrum, update_matrix

pytestmark = pytest.mark.usefixtures("float64")


def radius(matrix: np.ndarray) -> float:
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def test_bilinear_simultaneous_spirals_out() -> None:
    # M = [[1, h], [-h, 1]], eigenvalues 1 +- ih.
    assert radius(update_matrix(learner("bilinear", step=simultaneous))) == pytest.approx(
        np.sqrt(1 + H**2), abs=1e-6
    )


def test_bilinear_alternating_goes_round() -> None:
    # Critic first: M = [[1 - h^2, h], [-h, 1]], determinant 1, complex eigenvalues: modulus 1.
    matrix = update_matrix(learner("bilinear", step=alternating))
    assert radius(matrix) == pytest.approx(1.0, abs=1e-6)
    assert matrix == pytest.approx(np.array([[1 - H**2, H], [-H, 1]]), abs=1e-6)


def test_bilinear_extragradient_spirals_in() -> None:
    # M = I + hA + h^2 A^2 with A = [[0, 1], [-1, 0]]: eigenvalues 1 - h^2 +- ih.
    matrix = update_matrix(learner("bilinear", build("extragradient", "bilinear")))
    assert radius(matrix) == pytest.approx(np.sqrt(1 - H**2 + H**4), abs=1e-6)


@pytest.mark.parametrize("gamma", [0.3, 1.0, 2.0])
def test_bilinear_r1_contracts(gamma: float) -> None:
    # R1 adds -gamma psi to the critic's field: A = [[0, 1], [-1, -gamma]].
    field = np.array([[0, 1], [-1, -gamma]])
    plan = build("r1", "bilinear", gamma=gamma)
    matrix = update_matrix(learner("bilinear", plan, step=simultaneous))
    assert same_spectrum(matrix, np.linalg.eigvals(np.eye(2) + H * field))


def test_dirac_simultaneous() -> None:
    # The field's eigenvalues at the origin are +-i/2 (Mescheder et al., 2018, lemma 2.3).
    matrix = update_matrix(learner("dirac", step=simultaneous))
    assert same_spectrum((matrix - np.eye(2)) / H, [0.5j, -0.5j])


def test_dirac_alternating() -> None:
    # Half-steps [[1, h/2], [0, 1]] after [[1, 0], [-h/2, 1]]: determinant 1, modulus 1.
    matrix = update_matrix(learner("dirac", step=alternating))
    assert matrix == pytest.approx(np.array([[1 - H**2 / 4, H / 2], [-H / 2, 1]]), abs=1e-6)
    assert radius(matrix) == pytest.approx(1.0, abs=1e-6)


def test_dirac_extragradient() -> None:
    # 1 + h l + h^2 l^2 with l = +-i/2.
    matrix = update_matrix(learner("dirac", build("extragradient", "dirac")))
    assert same_spectrum(matrix, [1 + H * x + H**2 * x**2 for x in (0.5j, -0.5j)])


@pytest.mark.parametrize("gamma", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("order", [simultaneous, alternating])
def test_dirac_r1(gamma: float, order: object) -> None:
    # The field's eigenvalues are -gamma/2 +- sqrt(gamma^2/4 - 1/4) (theorem 4.1 with f'(0) = 1/2).
    root = np.sqrt(complex(gamma**2 / 4 - 1 / 4))
    plan = build("r1", "dirac", gamma=gamma)
    if order is simultaneous:
        matrix = update_matrix(learner("dirac", plan, step=simultaneous))
        found = np.sort_complex(np.linalg.eigvals((matrix - np.eye(2)) / H))
        # A double eigenvalue (gamma = 1) moves by the square root of a perturbation.
        wanted = np.sort_complex(np.array([-gamma / 2 + root, -gamma / 2 - root]))
        assert np.poly(found) == pytest.approx(np.poly(wanted), abs=1e-6)
    else:
        # Critic first: psi' = (1 - h gamma) psi - h/2 theta, then theta' = theta + h/2 psi'.
        keep = 1 - H * gamma
        wanted_matrix = np.array([[1 - H**2 / 4, H / 2 * keep], [-H / 2, keep]])
        matrix = update_matrix(learner("dirac", plan, step=alternating))
        assert matrix == pytest.approx(wanted_matrix, abs=1e-6)


def period(*orders: object, **settings: object) -> np.ndarray:
    """What two updates of the twist do: one whole period."""
    return update_matrix(learner("twist", *orders, **settings), updates=2)


def test_twist_simultaneous_spirals_out() -> None:
    # (I + hJ)(I - hJ) = (1 + h^2) I with J' = -J: the rotations cancel, the growth does not.
    assert period(step=simultaneous) == pytest.approx((1 + H**2) * np.eye(2), abs=1e-9)


def test_twist_extragradient_spirals_in() -> None:
    # ((1 - h^2) I + hJ)((1 - h^2) I - hJ) = ((1 - h^2)^2 + h^2) I.
    matrix = period(build("extragradient", "twist"))
    assert matrix == pytest.approx((1 - H**2 + H**4) * np.eye(2), abs=1e-9)


def test_twist_alternating_diverges_although_the_plain_game_only_goes_round() -> None:
    # M(c) = [[1 - h^2, -hc], [hc, 1]]; M(-1) M(1) has determinant 1 and trace 2 + h^4.
    matrix = period(step=alternating)
    assert np.linalg.det(matrix) == pytest.approx(1.0, abs=1e-9)
    assert np.trace(matrix) == pytest.approx(2 + H**4, abs=1e-9)
    assert radius(matrix) == pytest.approx(1 + H**4 / 2 + H**2 * np.sqrt(1 + H**4 / 4), abs=1e-9)


@pytest.mark.parametrize("gamma", [0.3, 1.0])
def test_twist_r1(gamma: float) -> None:
    # The slope of the critic is c psi: R1 shrinks psi by h gamma, whatever the sign of c.
    shrink = np.diag([1.0, 1 - H * gamma])
    turn = H * np.array([[0, 1], [-1, 0]])
    matrix = period(build("r1", "twist", gamma=gamma), step=simultaneous)
    assert same_spectrum(matrix, np.linalg.eigvals((shrink - turn) @ (shrink + turn)))


@pytest.mark.parametrize("eps", [0.2, 1.0])
def test_dirac_label_smoothing_slows_the_turn(eps: float) -> None:
    # The critic feels (1 - eps)/2 theta instead of theta/2: eigenvalues +-i/2 sqrt(1 - eps).
    matrix = update_matrix(
        learner("dirac", build("label_smoothing", "dirac", eps=eps), step=simultaneous)
    )
    found = np.linalg.eigvals((matrix - np.eye(2)) / H)
    assert np.poly(found) == pytest.approx([1.0, 0.0, (1 - eps) / 4], abs=1e-6)


def test_lqr_games_exact_values() -> None:
    """The value of a policy, by rolling it out: -z'Vz is the discounted sum of its rewards."""
    from bench.tasks.family.linear import BOUND, DISCOUNT, A, B, Q, R, optimal_gain
    from bench.tasks.family.spring_game import exact_action_gradient, value_matrix

    gain = np.array([[0.1, -0.4]])
    exact = value_matrix(gain)
    assert exact is not None
    x, a = np.array([0.7, -0.2]), np.array([0.3])
    start, total = np.append(x, a), 0.0
    for t in range(2000):
        force = BOUND * a
        total -= DISCOUNT**t * (x @ Q @ x + force @ R @ force)
        x = A @ x + B @ force
        a = gain @ x
    assert total == pytest.approx(-start @ exact @ start, rel=1e-9)
    # At the optimum no change of the action helps: dQ/da vanishes on the policy.
    best = optimal_gain() / BOUND
    optimal = value_matrix(best)
    assert optimal is not None
    assert exact_action_gradient(optimal, best) == pytest.approx([0.0, 0.0], abs=1e-9)
    # And it is the derivative that finite differences find.
    h, state = 1e-5, np.array([0.4, 0.9])
    up, down = (np.append(state, gain @ state + d) for d in (h, -h))
    difference = -(up @ exact @ up - down @ exact @ down) / (2 * h)
    assert exact_action_gradient(exact, gain) @ state == pytest.approx(difference, rel=1e-6)


def test_lqr_games_judge_knows_a_perfect_critic() -> None:
    """The exact critic of a policy has no error; half of it has half the error."""
    from bench.tasks.family.spring_game import value_matrix
    from bench.tasks.lqr_game import task

    gain = np.array([[0.1, -0.4]])
    exact = value_matrix(gain)
    assert exact is not None

    def critic(factor: float) -> object:
        def q(obs: np.ndarray, action: np.ndarray) -> np.ndarray:
            z = np.hstack([obs, action])
            return -factor * np.einsum("ni,ij,nj->n", z, exact, z)

        return q

    right, half = (task.judge(gain.T, critic(f)) for f in (1.0, 0.5))  # type: ignore[arg-type]
    assert right["gradient_error"] == pytest.approx(0.0, abs=1e-9)
    assert right["critic_error"] == pytest.approx(0.0, abs=1e-9)
    assert half["critic_error"] == pytest.approx(0.5)
    unstable = task.judge(np.array([[9.0], [9.0]]), critic(1.0))  # type: ignore[arg-type]
    assert all(np.isnan(value) for value in unstable.values())


def test_lqr_game_learns_the_exact_gradient_and_the_optimal_policy() -> None:
    from bench.training.train import train

    run = train(learner("lqr_game"), range(3))
    for metrics in run.curves[-1]:
        assert metrics["gradient_error"] < 0.02
        assert metrics["critic_error"] < 0.05
        assert metrics["cost_ratio"] == pytest.approx(1.0, abs=2e-3)


@pytest.mark.parametrize("name", ["twin_critics", "packing"])
def test_lqr_games_judge_sees_what_the_actor_is_shown(name: str) -> None:
    """Critics with heads and packs: the slope is that of the actor's loss, by autograd."""
    import torch

    from bench.functional import rng
    from bench.tasks.family.spring_game import STATES, critic_action_gradient

    what = learner("lqr_game", build(name, "lqr_game"))
    state, obs = what.init(rng.seed_key(0)), torch.from_numpy(STATES)
    action = torch.linspace(-0.5, 0.5, len(STATES), dtype=torch.float64)[:, None]
    shown = torch.func.grad(lambda a: what.says(state, "critic", obs, a).sum())(action)

    def critic(o: np.ndarray, a: np.ndarray) -> np.ndarray:
        return what.says(state, "critic", torch.from_numpy(o), torch.from_numpy(a)).numpy()

    found = critic_action_gradient(critic, STATES, action.numpy())
    # Where two heads cross within a step the difference is a mean of two slopes.
    close = np.isclose(found, shown[:, 0].numpy(), rtol=1e-6, atol=1e-9)
    assert close.sum() >= len(STATES) - 1


# What one update does to (theta, psi) in the games whose updates are linear near the equilibrium:
# critic psi' = (1 - h gamma) psi - h k (1 - eps) c theta, actor theta' = theta + h k c psi, with
# the coefficient c (1, or +-1 in the twist), the slope k of the losses (1, or 1/2), R1's
# gamma, and label smoothing's eps. Every order of play is a product of these two matrices.
SLOPES = {"bilinear": 1.0, "twist": 1.0, "dirac": 0.5}
PLANS = {
    "nothing": {},
    "r1": {"r1": {"gamma": 0.7}},
    "label_smoothing": {"label_smoothing": {"eps": 0.4}},
    "both": {"r1": {"gamma": 0.7}, "label_smoothing": {"eps": 0.4}},
}
ORDERS = ["simultaneous", "alternating", "extragradient", "critic_steps"]


def one_update(task: str, plan: dict, order: str, number: int) -> np.ndarray:
    """The matrix of update `number` (0, 1, ...) by hand."""
    c = (-1.0) ** number if task == "twist" else 1.0
    gamma = plan.get("r1", {}).get("gamma", 0.0)
    eps = plan.get("label_smoothing", {}).get("eps", 0.0)
    k = SLOPES[task]
    critic = H * np.array([[0.0, 0.0], [-k * (1 - eps) * c, -gamma]])
    actor = H * np.array([[0.0, k * c], [0.0, 0.0]])
    one = np.eye(2)
    if order == "alternating" or (order == "critic_steps" and number % 2 == 1):
        return (one + actor) @ (one + critic)
    if order == "critic_steps":  # the actor waits
        return one + critic
    field = actor + critic
    return one + field @ (one + field) if order == "extragradient" else one + field


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("task", SLOPES)
def test_every_order_of_play_with_every_strategy_that_has_a_rate(
    task: str, plan: str, order: str
) -> None:
    """Two updates, a whole period of the twist and of two critic moves for each of the actor's."""
    parts = [build(name, task, **settings) for name, settings in PLANS[plan].items()]
    if order == "extragradient":
        parts.append(build("extragradient", task))
    if order == "critic_steps":
        parts.append(build("critic_steps", task, every=2))
    step = simultaneous if order == "simultaneous" else alternating
    found = update_matrix(learner(task, *parts, step=step), updates=2)
    first, second = (one_update(task, PLANS[plan], order, number) for number in (0, 1))
    assert found == pytest.approx(second @ first, abs=1e-6)


@pytest.mark.parametrize("task", SLOPES)
def test_a_gradient_penalty_has_no_rate_at_the_equilibrium(task: str) -> None:
    """(|psi| - 1)^2 has a kink at psi = 0, from which it pushes away: WGAN-GP does not converge
    there (Mescheder et al., 2018, section 3.2)."""
    from bench.functional import rng
    from tests.support.closed_form import at_point

    what = learner(task, build("gradient_penalty", task, weight=1.0), step=simultaneous)
    key = rng.seed_key(0)
    start = at_point(what.init(key), torch.tensor([0.0, 1e-3]))
    after, _ = what.update(start, what.task.blank(0), key)
    (psi,) = after.players.critic.values()
    # psi' = psi - h * 2 (|psi| - 1) sign(psi)
    assert float(psi) == pytest.approx(1e-3 + 2 * H * (1 - 1e-3), rel=1e-5)
