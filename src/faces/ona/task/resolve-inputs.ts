import type { TaskRecord } from '../documents.ts'
import { invalidArgument } from '../errors.ts'

type Values = Readonly<Record<string, string>>

/**
 * The inputs of each task of a run, by its id: what was given, else what the task declares. Throws `invalid_argument` for
 * one that is missing, that nobody declares, or that is none of its options.
 */
export function resolveInputs(tasks: readonly TaskRecord[], given: Values): ReadonlyMap<string, Values> {
  const declared = new Set(tasks.flatMap((task) => Object.keys(task.extension?.inputs ?? {})))
  const stray = Object.keys(given).find((name) => !declared.has(name))
  if (stray !== undefined)
    throw invalidArgument(`inputs: no task of this run has an input ${stray}; there are: ${[...declared].join(', ')}`)
  return new Map(tasks.map((task) => [task.id, inputsOf(task, given)]))
}

function inputsOf({ reference, extension }: TaskRecord, given: Values): Values {
  const entries = Object.entries(extension?.inputs ?? {}).map(([name, input]) => {
    const value = given[name] ?? input.default
    if (value === undefined) throw invalidArgument(`inputs.${name}: task ${reference} needs a value`)
    if (input.options && !input.options.includes(value))
      throw invalidArgument(`inputs.${name}: value must be in list [${input.options.join(', ')}]`)
    return [name, value] as const
  })
  return Object.fromEntries(entries)
}
