"""The people and bodies that tests act as, built through services."""

from __future__ import annotations

import datetime as dt

from governance.approvals import services as approvals
from governance.committees import services as committees
from registry.core.people import services as people
from registry.core.people.models import Department, LegalEntity, User
from registry.core.people.rules import Role
from registry.core.people.services import NewPerson

PASSWORD = "a-Password-for-tests-1"  # noqa: S105 (tests only)
# username → (name, roles, entity code)
PEOPLE: dict[str, tuple[str, list[Role], str]] = {
    "wang": ("王建国", [Role.OWNER], "HO"),
    "li": ("李思源", [Role.DEVELOPER], "HO"),
    "zhao": ("赵敏", [Role.VALIDATOR], "HO"),
    "zhou": ("周复核", [Role.VALIDATOR], "HO"),
    "chen": ("陈立", [Role.MODEL_RISK], "HO"),
    "sun": ("孙慧", [Role.MODEL_RISK_HEAD], "HO"),
    "qian": ("钱合规", [Role.COMPLIANCE], "HO"),
    "he": ("何安", [Role.INFORMATION_SECURITY], "HO"),
    "gao": ("高远", [Role.CRO], "HO"),
    "ma": ("马行长", [Role.BUSINESS_EXECUTIVE], "HO"),
    "xu": ("徐部长", [Role.DEPARTMENT_HEAD], "HO"),
    "lin": ("林风险", [Role.LINE_RISK_OFFICER], "HO"),
    "luo": ("罗运维", [Role.IT_OPERATIONS, Role.DUTY_OFFICER], "HO"),
    "mi": ("米秘书", [Role.SECRETARY], "HO"),
    "shen": ("审计员", [Role.AUDIT], "HO"),
    "jian": ("监管员", [Role.SUPERVISOR], "HO"),
    "data": ("数安", [Role.DATA_SECURITY], "HO"),
    "xiao": ("消保", [Role.CONSUMER_PROTECTION], "HO"),
    "hai": ("海分行", [Role.OWNER], "SH"),
    "other": ("他负责", [Role.OWNER], "HO"),
}
MRC = {"sun": "mrm_head", "qian": "compliance", "lin": "", "chen": ""}
RMC = {
    "gao": "cro",
    "sun": "mrm_head",
    "qian": "compliance",
    "he": "information_security",
    "ma": "business_executive",
}


def person(username: str) -> User:
    """Somebody of the world, fresh from the database."""
    return User.objects.get(username=username)


def head_office() -> LegalEntity:
    """The root entity."""
    return LegalEntity.objects.get(code="HO")


def build() -> None:
    """The institution is founded; people, roles, committees and a machine account exist."""
    root = approvals.found(
        policy_document="总行发〔2026〕1号",
        entity_code="HO",
        entity_name="明册银行股份有限公司",
        administrators=[
            NewPerson("admin", "管理员甲", PASSWORD),
            NewPerson("admin2", "管理员乙", PASSWORD),
        ],
    )
    admin = person("admin")
    branch = people.open_entity(
        actor=admin, code="SH", name_zh="上海分行", name_en="Shanghai branch", parent=root
    )
    department = people.open_department(
        actor=admin, code="RISK", name_zh="风险管理部", name_en="Risk", entity=root
    )
    for username, (name, roles, entity) in PEOPLE.items():
        user = people.enrol(actor=admin, person=NewPerson(username, name, PASSWORD))
        for role in roles:
            people.assign_role(
                actor=admin,
                user=user,
                role=role,
                entity=root if entity == "HO" else branch,
                valid_from=dt.date(2020, 1, 1),
            )
    machine = people.enrol_machine(actor=admin, username="pipeline", name="流水线")
    people.assign_role(
        actor=admin, user=machine, role=Role.PIPELINE, entity=root, valid_from=dt.date(2020, 1, 1)
    )
    _committees(root, department)


def _committees(root: LegalEntity, department: Department) -> None:
    secretary = person("mi")
    for code, name, seats in (("mrc", "模型评审委员会", MRC), ("rmc", "风险管理委员会", RMC)):
        body = committees.establish(
            actor=secretary, code=code, name_zh=name, name_en=code.upper(), entity=root
        )
        for username, seat in seats.items():
            committees.give_seat(
                actor=secretary,
                committee=body,
                user=person(username),
                name=seat,
                valid_from=dt.date(2020, 1, 1),
            )
