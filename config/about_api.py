"""What the page of the API says before its addresses."""

DESCRIPTION = """
The register of AI models, their grading, approval and record.

**Who calls.** `Authorization: Bearer mc_…`. A person issues a token on their own page (*People →
your name → Issue a token*), an administrator for a machine account; the secret is shown once. A
token opens no more than its scopes and than its owner's roles of today. In the browser the session
counts, with the CSRF token. A token never votes without a step-up: `POST /step-ups/`.

**Faults** are `application/problem+json` (RFC 9457). Branch on `code`, which never changes;
`detail` and `hint` are for people, in the caller's language (`Accept-Language`). `field` names what
is wrong, `errors` lists several. A closed gate answers 409 `gate_closed` with what is missing.

**Writing once.** Send `Idempotency-Key` with a create: a repeated request with the same key and
body is answered again, not done again; the key with another body is 422. Where a row is changed,
send the `ETag` of your last read as `If-Match`; a stale one is 412.

**Lists** have at most 200 rows a page (`page_size`); follow `next`. Filters bear the names of
fields, `ordering` and `search` are named at each list; `count=true` counts.

**Registering.** `GET /questionnaire/` lists the questions of the policy pack in force with their
permanent ids (`Q01` …), the codes of their answers, and the dimensions with theirs. Send `answers`
(question → code, or codes where several may be given), or `classification`, `factors` and `facts`
by their own keys, or both. `POST /grades/previews/` shows the grade and writes nothing.
`POST /registrations/` makes model, use case, use and first release at once.

**Going on.** `GET /releases/{id}/gates/?to=S1` says what is missing; documents go to `/documents/`
(multipart), a move to `/releases/{id}/promotions/`. Everybody's roles and addresses stand in
`docs/reference/permissions.md`, the kinds of ledger entries in `docs/reference/events.md`.
"""
