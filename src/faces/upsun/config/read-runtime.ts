import type { ConfigReader, Path } from './config-reader.ts'
import type { TaskConfig } from './task-config.ts'

const MANAGERS = ['php', 'python', 'python2', 'python3', 'ruby', 'nodejs']
const RUNTIME_KEYS = ['extensions', 'disabled_extensions', 'request_terminate_timeout', 'sizing_hints', 'xdebug']

/** `dependencies` and `runtime`; the latter means something for PHP only and is refused elsewhere. */
export function readRuntime(reader: ConfigReader, at: Path): Pick<TaskConfig, 'dependencies' | 'runtime'> {
  const dependencies = Object.fromEntries(
    reader.keys([...at, 'dependencies']).map((manager) => {
      const path = [...at, 'dependencies', manager]
      if (!MANAGERS.includes(manager)) reader.problem(path, `one of ${MANAGERS.join(', ')} is needed`)
      for (const name of reader.keys(path)) checkPackage(reader, [...path, name], name)
      return [manager, (reader.value(path) ?? {}) as Readonly<Record<string, unknown>>]
    }),
  )
  const runtime = [...at, 'runtime']
  const isPhp = (reader.value([...at, 'type']) as string | undefined)?.toString().startsWith('php:') === true
  if (reader.keys(runtime).length > 0 && !isPhp) reader.problem(runtime, 'runtime means something for php only')
  else reader.onlyKeys(runtime, RUNTIME_KEYS)
  return { dependencies, runtime: (reader.value(runtime) ?? {}) as Readonly<Record<string, unknown>> }
}

/** Names and versions become arguments of package managers: nothing that reads as an option or a path. */
function checkPackage(reader: ConfigReader, path: Path, name: string): void {
  if (!/^@?[A-Za-z0-9][A-Za-z0-9._/-]*(\[[A-Za-z0-9,_-]+\])?$/.test(name)) reader.problem(path, 'no name of a package')
  const version = reader.value(path)
  const ok =
    typeof version === 'number' ||
    (typeof version === 'string' && /^[^-\s/][^\s/;|&]*( [^-\s/][^\s/;|&]*)*$/.test(version))
  if (!ok) reader.problem(path, 'a version is needed, for example "*" or "1.2.3"')
}
