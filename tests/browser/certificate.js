// A new certificate for the host names of a test.

const { execFileSync } = require('node:child_process');
const { X509Certificate, createHash } = require('node:crypto');
const { mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

/** `fingerprint` makes Chromium trust the certificate. */
function makeCertificate(names) {
  const folder = mkdtempSync(join(tmpdir(), 'voicemint-'));
  try {
    const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    execFileSync('openssl', [
      'req', '-x509', '-days', '2', '-noenc', '-subj', '/CN=Voicemint tests',
      '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
      '-addext', `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`,
      '-keyout', keyFile, '-out', certFile,
    ], { stdio: 'pipe' });
    const [key, cert] = [readFileSync(keyFile), readFileSync(certFile)];
    const publicKey = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
    return { key, cert, fingerprint: createHash('sha256').update(publicKey).digest('base64') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

module.exports = { makeCertificate };
