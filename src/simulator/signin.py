"""The sign-in pages: the browser step that redirects with a code, and the call that changes the code for a token."""

from urllib.parse import urlencode, urlsplit

from aiohttp import web

from simulator.order_forms import read_json
from simulator.replies import BAD_APP, BAD_AUTH_CODE, BAD_PARAMETER, Refusal
from simulator.tokens import TokenDesk


class SignIn:
    """Handlers that need no token."""

    def __init__(self, desk: TokenDesk):
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """Paths and handlers."""
        return [
            web.get("/api/v3/generate-authcode", self.authorise),
            web.post("/api/v3/validate-authcode", self.redeem),
            web.post("/api/v3/validate-refresh-token", self.refresh),
        ]

    async def authorise(self, request: web.Request) -> web.Response:
        """Redirect to the app at once: everybody who asks is taken for the account's owner."""
        wanted = request.query
        registered = self._desk.credentials
        if wanted.get("client_id") != registered.client_id:
            raise Refusal(400, BAD_APP, "Invalid app id")
        redirect = wanted.get("redirect_uri", "")
        if not urlsplit(redirect).scheme or registered.redirect_uri not in {"", redirect}:
            raise Refusal(400, BAD_PARAMETER, "redirect_uri: does not match the registered one")
        if wanted.get("response_type") != "code":
            raise Refusal(400, BAD_PARAMETER, "response_type: must be code")
        code = self._desk.authorise()
        news = urlencode({"s": "ok", "code": 200, "auth_code": code, "state": wanted.get("state", "None")})
        # Built by hand: a redirect helper would re-encode the app's own address.
        joint = "&" if urlsplit(redirect).query else "?"
        return web.Response(status=302, headers={"Location": f"{redirect}{joint}{news}"})

    async def redeem(self, request: web.Request) -> web.Response:
        """Change an authorisation code for an access token."""
        body = await read_json(request)
        if not isinstance(body, dict) or body.get("grant_type") != "authorization_code":
            raise Refusal(400, BAD_PARAMETER, "grant_type: must be authorization_code")
        if not self._desk.knows_app(str(body.get("appIdHash", ""))):
            raise Refusal(400, BAD_APP, "Invalid app id hash")
        token = self._desk.redeem(str(body.get("code", "")))
        if token is None:
            raise Refusal(400, BAD_AUTH_CODE, "invalid auth code")
        reply = {"s": "ok", "code": 200, "message": "", "access_token": token, "refresh_token": ""}
        return web.json_response(reply)

    async def refresh(self, _: web.Request) -> web.Response:
        """Refuse, as FYERS does since 2026-04-01."""
        raise Refusal(401, -16, "This call is disabled to comply with SEBI's rules; please sign in again")
