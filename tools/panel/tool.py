"""The `panel` tool: one question to several models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pointsman.records import Call
from pointsman.seams import Clock
from pointsman.types import Model
from routing.dispatch import Dispatcher
from tools.asking import Asking
from tools.panel.ballots import Ballots
from tools.panel.consensus import consensus
from tools.panel.debate import ROLES, Debate
from tools.panel.form import SIZES, USUAL_MEMBERS, PanelArguments, PanelResult
from tools.panel.modes import STAGES, compare, relay
from tools.panel.outcome import read
from tools.panel.seats import Seat, able, cheapest, resolved, seated
from tools.panel.sitting import Sitting
from tools.tool import Caller, Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Seats the models and has them answer."""

    dispatcher: Dispatcher
    clock: Clock
    ballots: Ballots

    async def run(self, given: PanelArguments, caller: Caller) -> PanelResult:
        """What the panel says; everything it may call is counted before the first call.

        Raises:
            InvalidInput: it cannot be asked so.
            NotFound: a model is not in the catalogue.
            BudgetExceeded: the price cap does not allow for the calls it takes.
            PointsmanError: too few answered.
        """
        given.check()
        call = _call(given, caller)
        models, found = await self._models(given, call)
        sitting = Sitting(
            dispatcher=self.dispatcher, call=call, clock=self.clock, say=caller.progress
        )
        judges = resolved(self.dispatcher, [given.judge]) if given.judge else []
        sitting.warnings += _too_few(given, models)
        match given.mode:
            case "compare":
                return await compare(sitting, given, seated(models, [""] * len(models)))
            case "consensus":
                roles = [""] * max(len(models), SIZES["consensus"][0])
                judge = judges[0] if judges else cheapest(found or models)
                return await consensus(sitting, given, seated(models, roles), Seat(judge, "judge"))
            case "relay":
                return await relay(sitting, given, seated(models, [s for s, _ in STAGES]))
            case "debate":
                seats = _debaters(models, judges)
                sitting.warnings += _partial(seats)
                return await Debate(
                    sitting=sitting, given=given, seats=seats, ballots=self.ballots
                ).run()

    async def _models(self, given: PanelArguments, call: Call) -> tuple[list[Model], list[Model]]:
        """The models of the panel, and all that could be on it where they were looked for."""
        if given.models is not None:
            return resolved(self.dispatcher, given.models), []
        found = await able(self.dispatcher, call)
        return found[: SIZES[given.mode][1] if given.mode == "relay" else USUAL_MEMBERS], found


def panel_tool(panel: Panel) -> Tool:
    return Tool(
        name="panel",
        title="Ask several models",
        description="Ask several models at once: compare (side by side), consensus (vote of 3 to "
        "5, with dissent), debate (pro, con, judge), relay (break down, propose, evaluate, "
        "synthesise).",
        arguments=PanelArguments,
        result=PanelResult,
        run=panel.run,
        read=read,
        read_only=True,
        open_world=True,
        risk="spend",
        untrusted=True,
        toolset="panel",
    )


def _call(given: PanelArguments, caller: Caller) -> Call:
    """What all calls of the panel have in common, and the plain question."""
    asking = Asking(
        prompt=given.prompt,
        system=given.system,
        max_cost_usd=given.max_cost_usd,
        deadline_ms=given.deadline_ms,
        max_tokens=given.max_tokens,
    )
    return asking.call("panel", caller.principal)


def _too_few(given: PanelArguments, models: Sequence[Model]) -> list[str]:
    """What to tell where one model has to speak for several."""
    told: list[str] = []
    names = {model.name for model in models}
    if given.mode == "consensus" and len(names) < SIZES["consensus"][0]:
        told.append(
            f"Only {len(names)} different {'model votes' if len(names) == 1 else 'models vote'}: "
            "the same model answers several times, at other temperatures. It agrees with itself "
            "more readily than others would."
        )
    elif given.mode == "relay" and len(names) == 1:
        told.append(f"One model, {models[0].name}, plays every role.")
    elif given.mode == "compare" and len(names) == 1:
        told.append("Only one model is there to be compared.")
    if given.rounds is not None and given.mode != "debate":
        told.append("Only a debate has rounds.")
    return told


def _partial(seats: Mapping[str, Seat]) -> list[str]:
    """What to tell where one model speaks for two."""
    names = {role: seat.model.name for role, seat in seats.items()}
    if len(set(names.values())) == 1:
        return [f"One model, {names['pro']}, plays every role."]
    if names["pro"] == names["con"]:
        return [f"One model, {names['pro']}, argues both sides."]
    sides = [side for side in ("pro", "con") if names[side] == names["judge"]]
    return [f"The judge, {names['judge']}, argues as {side} too." for side in sides]


def _debaters(models: Sequence[Model], judges: Sequence[Model]) -> dict[str, Seat]:
    """Who speaks for whom: pro, con, judge, moderator; a judge who is named has that seat."""
    judge = judges[0] if judges else models[2 % len(models)]
    moderator = models[3] if len(models) > len(ROLES) - 1 else judge
    four = [models[0], models[1 % len(models)], judge, moderator]
    return {role: Seat(m, role) for m, role in zip(four, ROLES, strict=True)}
