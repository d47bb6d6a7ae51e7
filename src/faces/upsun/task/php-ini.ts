import type { TaskConfig } from '../config/task-config.ts'

/** Shown to the task; `PHP_INI_SCAN_DIR` makes php read it after its own (php-cli, "Scan directories"). */
export const PHP_DIRECTORY = '/run/php'

/** `runtime` and the `php:` variables of a configuration as php.ini; undefined where there is nothing to say. */
export function phpIniOf(config: TaskConfig): string | undefined {
  const lines = [
    ...listOf(config.runtime.extensions).flatMap(extensionLines),
    ...limitLines(config.runtime.request_terminate_timeout),
    ...settingLines(config.variables.php ?? {}),
  ]
  return lines.length === 0 ? undefined : `${lines.join('\n')}\n`
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** A name, or `{name, configuration}` (reference §5, "Runtime"). */
function extensionLines(extension: unknown): readonly string[] {
  if (typeof extension === 'string') return [`extension=${plain(extension)}`]
  const { name, configuration } = (extension ?? {}) as { readonly name?: unknown; readonly configuration?: object }
  return typeof name === 'string' ? [`extension=${plain(name)}`, ...settingLines(configuration ?? {})] : []
}

const limitLines = (seconds: unknown): readonly string[] =>
  typeof seconds === 'number' ? [`max_execution_time = ${seconds}`] : []

const settingLines = (settings: object): readonly string[] =>
  Object.entries(settings).map(([name, value]) => `${plain(name)} = ${plain(String(value))}`)

/** One line each: a line break would be another setting. */
const plain = (text: string): string => text.replaceAll(/[\r\n]/g, ' ')
