// The certified library oidc-provider as a sign-in provider on loopback: told by a JSON line, saying "ready" when it is.
// POST /people, JSON by subject: what the provider says of whom from then on. Its sign-in pages are its own.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [line] = await new Promise((resolve) => createInterface({ input: process.stdin }).once("line", (told) => resolve([told])));
const told = JSON.parse(line);
const found = createRequire(told.modules).resolve("oidc-provider");
const { default: Provider } = await import(pathToFileURL(found).href);

let people = told.people;
const provider = new Provider(told.issuer, {
  clients: [{
    client_id: told.client_id,
    client_secret: told.client_secret,
    redirect_uris: [`${told.home}/sign-in/provider/answer`],
    post_logout_redirect_uris: [`${told.home}/sign-in`],
    backchannel_logout_uri: `${told.home}/sign-in/provider/logout`,
    backchannel_logout_session_required: true,
    require_auth_time: true,
  }],
  cookies: { keys: ["for-tests-on-loopback"] },
  jwks: told.jwks,
  conformIdTokenClaims: false,
  claims: { openid: ["sub", "groups"], profile: ["name", "preferred_username"] },
  pkce: { required: () => true },
  // It calls no address of this machine by itself; here all is on this machine. And it gives up after 2.5 seconds, in
  // which a busy machine has not answered.
  fetch: (url, { dispatcher: _guard, signal: _hurry, ...options }) => fetch(url, { ...options, signal: AbortSignal.timeout(120_000) }),
  features: { backchannelLogout: { enabled: true } },
  async findAccount(_context, id) {
    return { accountId: id, claims: async () => ({ sub: id, ...(people[id] ?? {}) }) };
  },
  // Nobody is asked to consent: the organisation's own archive is its own client.
  async loadExistingGrant(context) {
    const grant = new provider.Grant({ clientId: context.oidc.client.clientId, accountId: context.oidc.session.accountId });
    grant.addOIDCScope("openid profile");
    await grant.save();
    return grant;
  },
});

const serve = provider.callback();
createServer((request, response) => {
  if (request.method !== "POST" || request.url !== "/people") return serve(request, response);
  let body = "";
  request.on("data", (part) => { body += part; });
  request.on("end", () => { people = { ...people, ...JSON.parse(body) }; response.end("ok"); });
}).listen(told.port, "127.0.0.1", () => console.log("ready"));
