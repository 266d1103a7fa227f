// A visitor who is signed in at the app and has a token there, in a browser that lets every site send the session along.

const { startProfile } = require('./chromium');
const { APP, PARTNER, STUDIO, serveSites } = require('./sites');
const { startVoicemint } = require('./voicemint');

const SESSION = 'dev_session';

/** For a token whose cookie is still there at the end of all tests, however long they take. */
const ASK = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"expires_in":3600}' };

/** `voicemint`, the `sites`, the browser's `context`, and what can be done with them. */
async function startVisitor(...flags) {
  const voicemint = await startVoicemint('--origin', APP, '--origin', STUDIO, '--origin', PARTNER, ...flags);
  const sites = await serveSites(voicemint.port);
  const context = await startProfile(sites);

  /** Runs a function in a page of that origin. One that leads away from the page gives nothing, once that is over. */
  async function inPage(origin, run, ...given) {
    const page = await context.newPage();
    await page.goto(origin);
    const moved = new Promise((resolve) => { page.once('framenavigated', () => resolve()); });
    const result = await page.evaluate(run, ...given).catch((error) => {
      if (!/context was destroyed|navigation/.test(error.message)) throw error;
      return moved;
    });
    return { page, result };
  }

  /** All but the one that keeps the browser open, once they are loaded: one that is on its way to another page stays open. */
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

  await inPage(APP, async (ask) => {
    await fetch('/sign-in', { method: 'POST', body: new URLSearchParams({ user: 'ada' }) });
    await fetch('/cartesia/token', ask);
  }, ASK);
  await closePages();
  await sendSessionEverywhere(context);
  return { voicemint, sites, context, inPage, closePages, sealed, stop };
}

/** The worst that an app could have set: a session cookie for all its subdomains, and for requests of foreign sites too. */
async function sendSessionEverywhere(context) {
  const { value } = (await context.cookies()).find(({ name }) => name === SESSION);
  await context.clearCookies({ name: SESSION });
  const everywhere = { domain: '.voicemint.test', path: '/', httpOnly: true, secure: true, sameSite: 'None' };
  await context.addCookies([{ name: SESSION, value, ...everywhere }]);
}

/** Whether a call had that cookie. */
function had({ headers }, cookie) {
  return (headers.cookie ?? '').split('; ').some((pair) => pair.startsWith(`${cookie}=`));
}

module.exports = { ASK, SESSION, had, startVisitor };
