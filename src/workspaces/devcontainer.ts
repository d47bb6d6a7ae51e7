/** What a `devcontainer.json` says of where commands run (https://containers.dev/implementors/json_reference/). */
export interface DevContainer {
  readonly image?: string
  readonly env: Readonly<Record<string, string>>
  /** Why its image cannot be used: it has to be built first, or the file cannot be read. */
  readonly problem?: string
}

/** Where it lies unless it is named, in this order. */
export const DEVCONTAINER_PLACES = ['.devcontainer/devcontainer.json', '.devcontainer.json'] as const

/** Never throws. */
export function readDevContainer(text: string): DevContainer {
  const json = parsed(text)
  if (json === undefined) return { env: {}, problem: 'it is no JSON with comments' }
  const env = { ...textsOf(json.containerEnv), ...textsOf(json.remoteEnv) }
  if (typeof json.image === 'string' && json.image !== '') return { image: json.image, env }
  const built = ['build', 'dockerFile', 'dockerComposeFile'].find((key) => json[key] !== undefined)
  return { env, problem: built === undefined ? 'it names no image' : `it has ${built}: only an image is served` }
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(withoutComments(text))
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** Comments and commas before a closing bracket go; what stands in strings stays. */
const withoutComments = (text: string): string =>
  text
    .replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, string: string | undefined) => string ?? '')
    .replace(/("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g, (_, string: string | undefined) => string ?? '')

/** Values that are taken as they stand: `${…}` would have to be looked up in the container. */
function textsOf(value: unknown): Readonly<Record<string, string>> {
  const entries = value !== null && typeof value === 'object' ? Object.entries(value) : []
  return Object.fromEntries(entries.filter(([, text]) => typeof text === 'string' && !text.includes('${')))
}
