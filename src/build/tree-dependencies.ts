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
const DEPENDENCIES_DIRECTORY = '.global'

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

/** One call of a package manager. */
export interface Installation {
  /** As `dependencies` has it. */
  readonly language: string
  readonly program: string
  readonly packages: readonly string[]
  readonly args: readonly string[]
  readonly variables: Readonly<Record<string, string>>
}

export type Dependencies = Readonly<Record<string, Packages>>

/** What installs `dependencies` below the application's directory; `cache`: where package managers keep what they fetch. */
export function installationsOf(
  dependencies: Dependencies,
  directory: string,
  cache: string | undefined,
): readonly Installation[] {
  const home = join(directory, DEPENDENCIES_DIRECTORY)
  return Object.entries(dependencies).flatMap(([language, packages]) => {
    const manager = MANAGERS[language]
    if (manager === undefined || Object.keys(packages).length === 0) return []
    const { program, cacheVariable } = manager
    const variables = {
      ...(cache !== undefined && { [cacheVariable]: join(cache, '.packages', program) }),
      ...manager.variables?.(home),
    }
    return [{ language, program, packages: Object.keys(packages), args: manager.arguments(packages, home), variables }]
  })
}

export const missingManager = ({ language, program }: Installation): string =>
  `dependencies.${language} needs ${program}, which is not installed here`

export const installing = ({ language, packages }: Installation): string =>
  `Installing ${language} dependencies: ${packages.join(', ')}`

/** Installs what `dependencies` names, by the package managers of this machine. A missing one ends the build by name. */
export function installDependencies(dependencies: Dependencies, directory: string): void {
  for (const installation of installationsOf(dependencies, directory, process.env.PLATFORM_CACHE_DIR)) {
    const { program, args, variables } = installation
    if (firstLineOf(program, ['--version']) === undefined) finish(1, missingManager(installation))
    Object.assign(process.env, variables)
    say(installing(installation))
    const code = spawnHere(program, args, directory)
    if (code !== 0) finish(code, `${program} failed with exit code ${code}`)
  }
}
