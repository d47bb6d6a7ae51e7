/**
 * JSON as the SDKs of the older generation write it, made into what the strict decoder takes: their types allow every
 * member of a oneof at once and their own examples send all of them, the false ones too (ona.md 1).
 */
type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

const TRIGGERS = new Set([
  'manual',
  'postMachineStart',
  'post_machine_start',
  'postEnvironmentStart',
  'post_environment_start',
  'postDevcontainerStart',
  'post_devcontainer_start',
  'prebuild',
  'beforeSnapshot',
  'before_snapshot',
])
const TRIGGER_LISTS = new Set(['triggeredBy', 'triggered_by', 'trigger', 'triggerFilter', 'trigger_filter'])

/** Deep copies; never throws. */
export function lenient(value: Json): Json {
  if (Array.isArray(value)) return value.map(lenient)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).map(([key, inner]) => [key, lenientMember(key, inner)] as const)
  return withoutEmptyTarget(Object.fromEntries(entries))
}

function lenientMember(key: string, value: Json): Json {
  if (TRIGGER_LISTS.has(key) && Array.isArray(value) && value.every((v) => v !== null && typeof v === 'object'))
    return value.flatMap(separateTriggers)
  return lenient(value)
}

/** One trigger for each member; those that are false or null say nothing. What is no flag is left to be refused. */
function separateTriggers(value: Json): readonly Json[] {
  const members = Object.entries(value as { readonly [key: string]: Json })
  if (!members.some(([name]) => TRIGGERS.has(name))) return [lenient(value)]
  return members.flatMap(([name, flag]) => (flag === false || flag === null ? [] : [{ [name]: flag }]))
}

/** `organization: false` beside an environment is no choice between the two. */
function withoutEmptyTarget(value: { readonly [key: string]: Json }): Json {
  if (value.organization !== false) return value
  const { organization: _, ...rest } = value
  return rest
}
