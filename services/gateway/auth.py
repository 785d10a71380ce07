"""Who is calling: signed tokens (JWT, HS256) made by the development issuer and verified here.

Another issuer (OIDC) comes to stand beside it; what a verified token becomes, an Identity, stays. A token tells who somebody was when
it was made; where a customer belongs *now* is looked up (people/standing.py), and a contact who left or was erased is nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from projections.viewer import Role, Viewer
from services.gateway.failures import Code, RequestFailed

ALGORITHM = "HS256"
AUDIENCE = "support-desk"
LONGEST = 8192
"""Characters of a token."""
STAFF = frozenset({Role.AGENT, Role.SERVICE_MANAGER, Role.ADMIN, Role.AUDITOR})


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified party. `queues` are refs of a member of staff's teams."""

    viewer: Viewer
    name: str
    expires_at: datetime
    queues: tuple[str, ...] = ()

    @property
    def is_staff(self) -> bool:
        return self.viewer.role in STAFF

    @property
    def principal(self) -> str:
        """What scopes idempotency keys."""
        kind = "staff" if self.is_staff else "program" if self.viewer.role is Role.SERVICE else "contact"
        return f"{kind}:{self.viewer.id}"


def issue_token(
    secret: str,
    *,
    subject: UUID,
    role: Role,
    name: str,
    organisation: UUID | None = None,
    organisations: Sequence[UUID] = (),
    queues: Sequence[str] = (),
    scopes: Sequence[str] = (),
    lifetime: timedelta = timedelta(hours=12),
) -> str:
    """A token for development. `organisation` is a customer's; `organisations` are a service manager's."""
    now = datetime.now(UTC)
    claims: dict[str, Any] = {
        "iss": AUDIENCE, "aud": AUDIENCE, "sub": str(subject), "role": role.value, "name": name,
        "iat": int(now.timestamp()), "exp": int((now + lifetime).timestamp()),
    }  # fmt: skip
    optional = {
        "org": str(organisation) if organisation else None,
        "orgs": [str(each) for each in organisations],
        "queues": list(queues),
        "scopes": list(scopes),
    }
    claims.update({name: value for name, value in optional.items() if value})
    return jwt.encode({"alg": ALGORITHM, "typ": "JWT"}, claims, OctKey.import_key(secret))


class Verifier:
    """Judges tokens. The algorithm is pinned; audience, issuer and expiry are required."""

    def __init__(self, secret: str) -> None:
        self._key = OctKey.import_key(secret)
        self._claims = jwt.JWTClaimsRegistry(
            leeway=0,
            iss={"essential": True, "value": AUDIENCE},
            aud={"essential": True, "value": AUDIENCE},
            sub={"essential": True},
            exp={"essential": True},
        )

    def identity(self, token: str) -> Identity:
        """The party behind a token. UNAUTHENTICATED when it is wrong in any way; which is not told."""
        try:
            if len(token) > LONGEST:
                raise ValueError
            claims = jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
            self._claims.validate(claims)
            return _read(claims)
        except (JoseError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            raise RequestFailed(Code.UNAUTHENTICATED, "The token is invalid or has expired; sign in again.") from None

    def bearer(self, header: str | None) -> Identity | None:
        """The party behind an Authorization header; None without one."""
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise RequestFailed(Code.UNAUTHENTICATED, "Only bearer tokens are understood.")
        return self.identity(token.strip())


def _read(claims: dict[str, Any]) -> Identity:
    role = Role(claims["role"])
    viewer = Viewer(
        role=role,
        id=UUID(claims["sub"]),
        organisation=UUID(claims["org"]) if claims.get("org") else None,
        organisations=frozenset(UUID(each) for each in claims.get("orgs", ())),
        scopes=frozenset(map(str, claims.get("scopes", ()))),
    )
    if viewer.organisation is not None and not viewer.is_customer:
        raise ValueError("only customers belong to an organisation")
    return Identity(
        viewer=viewer,
        name=_text(claims.get("name", ""))[:200],
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        queues=tuple(map(_text, claims.get("queues", ()))),
    )


def _text(value: object) -> str:
    """As it can be stored and sent on: an issuer may put anything into a claim."""
    return str(value).encode(errors="replace").decode().replace("\0", "")
