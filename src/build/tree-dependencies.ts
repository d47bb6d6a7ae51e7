import { join } from 'node:path'
import { finish, firstLineOf, say, spawnHere } from './tree-process.ts'

type Packages = Readonly<Record<string, unknown>>

interface Manager {
  readonly program: string
  /** Arguments that install these packages below `home`. */
  arguments(packages: Packages, home: string): readonly string[]
  /** Name of the variable that says where it keeps what it has fetched. */
  readonly cacheVariable: string
  /** Where it looks for its own things. */
  readonly variables?: (home: string) => Readonly<Record<string, string>>
}

/** The directory below the application that global dependencies go to; its `bin` is on PATH at build and run time. */
export const DEPENDENCIES_DIRECTORY = '.global'

const pip = (program: string): Manager => ({
  program,
  cacheVariable: 'PIP_CACHE_DIR',
  arguments: (packages) => [
    'install',
    '--user',
    '--no-warn-script-location',
    ...specifiersOf(packages, pythonSpecifier),
  ],
  variables: (home) => ({ PYTHONUSERBASE: home, PIP_BREAK_SYSTEM_PACKAGES: '1' }),
})

const MANAGERS: Readonly<Record<string, Manager>> = {
  python: pip('pip2'),
  python2: pip('pip2'),
  python3: pip('pip3'),
  nodejs: {
    program: 'npm',
    cacheVariable: 'npm_config_cache',
    arguments: (packages, home) => [
      ...['install', '--global', '--no-audit', '--no-fund', '--no-update-notifier', '--prefix', home],
      ...specifiersOf(packages, atSpecifier),
    ],
  },
  php: {
    program: 'composer',
    cacheVariable: 'COMPOSER_CACHE_DIR',
    arguments: (packages) => ['global', 'require', '--no-interaction', ...specifiersOf(packages, colonSpecifier)],
    variables: (home) => ({ COMPOSER_HOME: join(home, 'composer') }),
  },
  ruby: {
    program: 'gem',
    cacheVariable: 'GEM_SPEC_CACHE',
    arguments: (packages, home) => [
      'install',
      '--install-dir',
      home,
      '--bindir',
      join(home, 'bin'),
      ...Object.entries(packages).flatMap(([name, version]) => (isAny(version) ? [name] : [`${name}:${version}`])),
    ],
    variables: (home) => ({ GEM_HOME: home }),
  },
}

const isAny = (version: unknown): boolean => version === '*' || version === ''

const specifiersOf = (packages: Packages, one: (name: string, version: string) => string): string[] =>
  Object.entries(packages).map(([name, version]) => (isAny(version) ? name : one(name, String(version))))

const pythonSpecifier = (name: string, version: string): string =>
  /^[<>=!~]/.test(version) ? `${name}${version}` : `${name}==${version}`
const atSpecifier = (name: string, version: string): string => `${name}@${version}`
const colonSpecifier = (name: string, version: string): string => `${name}:${version}`

/** Installs what `dependencies` names, by the package managers of this machine. A missing one ends the build by name. */
export function installDependencies(dependencies: Readonly<Record<string, Packages>>, directory: string): void {
  const home = join(directory, DEPENDENCIES_DIRECTORY)
  for (const [language, packages] of Object.entries(dependencies)) {
    const manager = MANAGERS[language]
    if (manager === undefined || Object.keys(packages).length === 0) continue
    if (firstLineOf(manager.program, ['--version']) === undefined)
      finish(1, `dependencies.${language} needs ${manager.program}, which is not installed here`)
    const cache = process.env.PLATFORM_CACHE_DIR
    if (cache !== undefined) process.env[manager.cacheVariable] = join(cache, '.packages', manager.program)
    Object.assign(process.env, manager.variables?.(home))
    say(`Installing ${language} dependencies: ${Object.keys(packages).join(', ')}`)
    const code = spawnHere(manager.program, manager.arguments(packages, home), directory)
    if (code !== 0) finish(code, `${manager.program} failed with exit code ${code}`)
  }
}
