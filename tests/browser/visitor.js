// A visitor who is signed in to the app and has a token, in a browser in which every site can send
// the session cookie.

const { startProfile } = require('./chromium');
const { APP, PARTNER, STUDIO, serveSites } = require('./sites');
const { startVoicemint } = require('./voicemint');

const SESSION = 'dev_session';

/** A token request whose cookie outlives all tests. */
const TOKEN_REQUEST = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"expires_in":3600}' };

/** Starts Voicemint, the sites and the browser. */
async function startVisitor(...flags) {
  const voicemint = await startVoicemint('--origin', APP, '--origin', STUDIO, '--origin', PARTNER, ...flags);
  const sites = await serveSites(voicemint.port);
  const context = await startProfile(sites);

  /**
   * Runs a function in a page of that origin. If the function navigates, the result is undefined.
   */
  async function inPage(origin, run, ...args) {
    const page = await context.newPage();
    await page.goto(origin);
    const moved = new Promise((resolve) => { page.once('framenavigated', () => resolve()); });
    const result = await page.evaluate(run, ...args).catch((error) => {
      if (!/context was destroyed|navigation/.test(error.message)) throw error;
      return moved;
    });
    return { page, result };
  }

  /**
   * Closes all pages except the one that keeps the browser open, after they have loaded: a
   * navigating page would stay open.
   */
  const closePages = () => Promise.all(context.pages().slice(1).map(async (page) => {
    await page.waitForURL(/^https:/);
    await page.close();
  }));

  const sealed = async () => (await context.cookies()).filter(({ name }) => name.startsWith('__Host-'));

  async function stop() {
    await context.close();
    await sites.stop();
    await voicemint.stop();
  }

  await inPage(APP, async (tokenRequest) => {
    await fetch('/sign-in', { method: 'POST', body: new URLSearchParams({ user: 'ada' }) });
    await fetch('/cartesia/token', tokenRequest);
  }, TOKEN_REQUEST);
  await closePages();
  await sendSessionEverywhere(context);
  return { voicemint, sites, context, inPage, closePages, sealed, stop };
}

/**
 * The worst case: a session cookie for all subdomains that is also sent with cross-site requests.
 */
async function sendSessionEverywhere(context) {
  const { value } = (await context.cookies()).find(({ name }) => name === SESSION);
  await context.clearCookies({ name: SESSION });
  const everywhere = { domain: '.voicemint.test', path: '/', httpOnly: true, secure: true, sameSite: 'None' };
  await context.addCookies([{ name: SESSION, value, ...everywhere }]);
}

/** Whether a call had a cookie of that name. */
function hasCookie({ headers }, cookie) {
  return (headers.cookie ?? '').split('; ').some((pair) => pair.startsWith(`${cookie}=`));
}

module.exports = { SESSION, TOKEN_REQUEST, hasCookie, startVisitor };
