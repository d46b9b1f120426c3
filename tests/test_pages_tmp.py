import pytest
from django.test import Client
from tests import story
from tests.world import person
@pytest.mark.django_db
def test_pages():
    s = story.register(); story.to_validation(s)
    s2 = story.register(story.E01, name="第二个评分卡"); a = story.to_approval(s2); story.vote(a,"sun")
    from django.urls import reverse
    urls=[f"/uses/{s.registered.use.pk}/grade/","/admin/","/register/",f"/models/{s.registered.model.pk}/",f"/releases/{s2.release.pk}/",f"/approvals/{a.pk}/",f"/validations/{s2.release.validations.get().pk}/","/trail/"]
    from governance.desk.admin.verbs import VERBS
    for n in ("aimodel","modelversion","release","usecase","modeluse","system","document","user","legalentity","department","post","roleassignment","token","packrelease","job","deployment"):
        urls.append(f"/admin/registry/{n}/")
    for n in ("approval","condition","validation","finding","waiver","order","committee","seat","resolution"):
        urls.append(f"/admin/governance/{n}/")
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    for who in ("wang","qian","chen","shen","admin"):
        for lang in ("zh-hans","en"):
            c = Client(headers={"Accept-Language": lang}); c.force_login(person(who))
            for u in urls:
                with CaptureQueriesContext(connection) as q:
                    r = c.get(u)
                ok = r.status_code in (200,302) or (r.status_code==403)
                if who=="qian" and lang=="en" or not ok: print(who, u, r.status_code, len(q))
                assert ok, (u, r.content[:2000])
    c = Client(); c.force_login(person("wang"))
    for k in VERBS:
        r = c.get(f"/do/{k}/{s.release.pk}/"); print(k, r.status_code)
        assert r.status_code in (200,403,404), r.content
    c.force_login(person("qian"))
    for k in VERBS:
        r = c.get(f"/do/{k}/{s.release.pk}/"); assert r.status_code in (200,403,404), r.content
