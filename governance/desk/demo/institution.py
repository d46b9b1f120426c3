"""The demo institution: founded, with its people, posts, systems and committees."""

from __future__ import annotations

import datetime as dt

from governance.approvals import services as approvals
from governance.committees import services as committees
from governance.desk.demo.accounts import ADMINISTRATORS
from governance.desk.demo.schema import Committee, Institution, Seeds
from registry.core import clock
from registry.core.people import services as people
from registry.core.people.models import Department, LegalEntity, Post, User
from registry.core.people.services import NewPerson
from registry.systems import services as systems


def person(username: str) -> User:
    """The person, fresh from the database."""
    return User.objects.get(username=username)


def entity(code: str) -> LegalEntity:
    """The legal entity with the code."""
    return LegalEntity.objects.get(code=code)


def department(code: str) -> Department | None:
    """The department with the code; None for no code."""
    return Department.objects.get(code=code) if code else None


def build(seeds: Seeds, password: str) -> None:
    """The institution is founded at the clock's present moment, and everybody is there."""
    told = seeds.institution
    root = approvals.found(
        policy_document=told.document,
        entity_code=told.entity.code,
        entity_name=told.entity.zh,
        entity_name_en=told.entity.en,
        administrators=[NewPerson(user, name, password) for user, name in ADMINISTRATORS],
    )
    admin = person(ADMINISTRATORS[0][0])
    for place in told.entities:
        people.open_entity(
            actor=admin, code=place.code, name_zh=place.zh, name_en=place.en, parent=root
        )
    for one in told.departments:
        people.open_department(
            actor=admin,
            code=one.code,
            name_zh=one.zh,
            name_en=one.en,
            entity=entity(one.entity),
            parent=department(one.parent),
        )
    _enrol(admin, seeds, password)
    _posts_and_systems(admin, told)
    for body in told.committees:
        _committee(body, root)


def _enrol(admin: User, seeds: Seeds, password: str) -> None:
    for one in seeds.people:
        user = people.enrol(actor=admin, person=NewPerson(one.username, one.name, password))
        for role in one.roles:
            people.assign_role(
                actor=admin,
                user=user,
                role=role,
                entity=entity(one.entity),
                department=department(one.department),
            )


def _posts_and_systems(admin: User, told: Institution) -> None:
    today = clock.today()
    for one in told.posts:
        post = people.create_post(
            actor=admin,
            code=one.code,
            title_zh=one.zh,
            title_en=one.en,
            department=Department.objects.get(code=one.department),
        )
        people.hold_post(actor=admin, post=post, user=person(one.holder), valid_from=today)
    for system in told.systems:
        systems.register(
            actor=person("mrm"),
            code=system.code,
            name_zh=system.zh,
            name_en=system.en,
            entity=entity(system.entity),
            department=department(system.department),
            protection_level=system.level,
        )


def _committee(body: Committee, root: LegalEntity) -> None:
    secretary = person("secretary")
    committee = committees.establish(
        actor=secretary, code=body.code, name_zh=body.zh, name_en=body.en, entity=root
    )
    today: dt.date = clock.today()
    for seat in body.seats:
        committees.give_seat(
            actor=secretary,
            committee=committee,
            user=person(seat.person) if seat.person else None,
            post=Post.objects.get(code=seat.post) if seat.post else None,
            name=seat.name,
            is_chair=seat.chair,
            valid_from=today,
        )
