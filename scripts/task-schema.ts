import type { JsonSchema, OpenApi } from './native-client.ts'

/**
 * The JSON Schema of a task file, from the native API's `TaskDefinition`: the definition and the name it is registered
 * under. Only the components it needs come along.
 */
export function taskSchema(document: OpenApi): object {
  const { TaskDefinition: definition, ...others } = document.components.schemas
  if (!definition?.properties) throw new Error('the native API describes no TaskDefinition')
  const name = {
    type: 'string',
    pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]*$',
    maxLength: 200,
    description: 'Under which the task is registered.',
  }
  const properties = { name, ...definition.properties }
  const root = { ...definition, required: ['name', ...(definition.required ?? [])], properties }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:taskport:task',
    title: 'A Taskport task',
    ...(rename(root) as object),
    $defs: rename(needed(root as JsonSchema, others)),
  }
}

function needed(root: JsonSchema, all: Readonly<Record<string, JsonSchema>>): Record<string, JsonSchema> {
  const found: Record<string, JsonSchema> = {}
  const visit = (schema: unknown): void => {
    for (const [, name] of JSON.stringify(schema).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (found[name!]) continue
      found[name!] = all[name!]!
      visit(all[name!])
    }
  }
  visit(root)
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)))
}

const rename = (schema: unknown): unknown =>
  JSON.parse(JSON.stringify(schema).replaceAll('#/components/schemas/', '#/$defs/'))
