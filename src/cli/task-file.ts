/**
 * Task files: YAML documents, each a task's name and definition. What the published schema forbids and how steps refer
 * to each other is found here, with the line and column; what only the server can know is found there, and placed by the field that it names.
 */
import { readFileSync } from 'node:fs'
import { Compile } from 'typebox/schema'
import { Failure, usage } from './failure.ts'
import type { Step, TaskDefinition } from './native-api.gen.ts'
import { planProblems } from './plan-problems.ts'
import { explain } from './schema-problem.ts'
import type { Place, PlacedDocument } from './yaml-document.ts'
import { placedDocuments } from './yaml-document.ts'

export interface TaskInFile {
  readonly name: string
  readonly definition: TaskDefinition
  /** `FILE:LINE:COLUMN` of a field as the server names it: `steps[2].needs[0]`. */
  locate(field: string): string
}

const SHOWN_PROBLEMS = 10

/** Throws a Failure with one line per problem unless every document of the file is a task. `-` is stdin. */
export function readTaskFile(path: string): readonly TaskInFile[] {
  const label = path === '-' ? 'stdin' : path
  const documents = placedDocuments(readText(path))
  if ('problems' in documents) throw broken(label, documents.problems)
  if (documents.length === 0) throw new Failure(`${label} holds no task`, 'give it a name and a command or steps')
  const schema = taskSchema()
  const validator = Compile(schema)
  const problems = documents.flatMap((document) => {
    const [isValid, errors] = validator.Errors(document.value)
    return isValid ? [] : explain(errors, schema).map((p) => ({ ...placeOf(document, p), message: p.message }))
  })
  if (problems.length > 0) throw broken(label, problems)
  const tasks = documents.map((document) => taskIn(document, label))
  const misfits = documents.flatMap((document, i) =>
    planProblems(stepsOfDefinition(tasks[i]!.definition)).map(({ path, message }) => ({
      ...document.place(path),
      message,
    })),
  )
  if (misfits.length > 0) throw broken(label, misfits)
  return tasks
}

const placeOf = (
  document: PlacedDocument,
  problem: { readonly path: readonly string[]; readonly isKey: boolean },
): Place => (problem.isKey ? document.placeOfKey(indexed(problem.path)) : document.place(indexed(problem.path)))

const indexed = (path: readonly string[]): readonly (string | number)[] =>
  path.map((part) => (/^\d+$/.test(part) ? Number(part) : part))

function taskIn(document: PlacedDocument, label: string): TaskInFile {
  const { name, ...definition } = document.value as { readonly name: string } & TaskDefinition
  return {
    name,
    definition,
    locate(field) {
      const { line, column } = document.place(indexed(field.split(/[.[\]]+/).filter(Boolean)))
      return `${label}:${line}:${column}`
    },
  }
}

/** The steps of a definition, the one behind the shorthand `command` included. */
export function stepsOfDefinition(definition: TaskDefinition): readonly Step[] {
  if (definition.steps) return definition.steps
  return [{ name: 'main', ...(definition.command !== undefined && { run: definition.command }) }]
}

function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (error) {
    throw usage(`cannot read ${path}: ${(error as Error).message}`)
  }
}

/** The published schema, which lies beside src and dist alike. */
const taskSchema = (): object =>
  JSON.parse(readFileSync(new URL('../../schemas/task.schema.json', import.meta.url), 'utf8')) as object

function broken(label: string, problems: readonly (Place & { readonly message: string })[]): Failure {
  const lines = problems.slice(0, SHOWN_PROBLEMS).map((p) => `${label}:${p.line}:${p.column}: ${p.message}`)
  const more = problems.length > SHOWN_PROBLEMS ? `\n… and ${problems.length - SHOWN_PROBLEMS} more` : ''
  return usage(
    `the file is not a task\n${lines.join('\n')}${more}`,
    'schemas/task.schema.json in the package describes every field',
  )
}
