// The Debian packages that some suites need. Installing them takes root and apt-get; where that cannot be, those suites
// skip themselves and this says which.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const packages = JSON.parse(readFileSync(new URL('debian-packages.json', import.meta.url), 'utf8'))

const isPresent = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
const missing = () => packages.filter(({ program }) => !isPresent(program))

/** Installs what is missing where it may, and names on stdout the suites that will be skipped. */
export function ensureDebianPackages() {
  if (missing().length > 0 && process.getuid?.() === 0 && isPresent('apt-get')) install(missing())
  for (const { program, package: name, for: suites } of missing())
    process.stdout.write(`skipped: ${suites} (no ${program}; apt-get install ${name})\n`)
}

function install(wanted) {
  process.stdout.write(`Installing Debian packages: ${wanted.map((p) => p.package).join(' ')} …\n`)
  const apt = (...args) =>
    spawnSync('apt-get', ['-q', '-y', '-o', 'Dpkg::Use-Pty=0', ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      timeout: 5 * 60_000,
    })
  apt('update')
  // One at a time: a package that this release does not have must not keep the others away.
  for (const { package: name } of wanted) apt('install', '--no-install-recommends', name)
}
