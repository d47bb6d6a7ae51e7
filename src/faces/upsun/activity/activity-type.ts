/** The kinds of activity that happen here, and the words that say what was done (reference §3.1). */
type Change = 'create' | 'update' | 'delete'

/** Kinds that an execution stands for. */
export type RunType = 'environment.task' | DeployType
export const DEPLOY_TYPES = [
  'environment.push',
  'environment.redeploy',
  'environment.variable.create',
  'environment.variable.update',
  'environment.variable.delete',
] as const
export type DeployType = (typeof DEPLOY_TYPES)[number]
/** Kinds that were done in one commit. */
export type InstantType =
  | 'project.create'
  | `project.variable.${Change}`
  | 'project.clear_build_cache'
  | 'project.modify.title'
  | 'environment.branch'
  | 'environment.deactivate'
  | 'environment.delete'
  | 'environment.resources.update'
  | `environment.variable.${Change}`

export type ActivityType = RunType | InstantType

/** What it was done to. */
export interface Subject {
  readonly type: ActivityType
  readonly project: string
  readonly environment?: string | undefined
  readonly task?: string | undefined
  readonly variable?: string | undefined
}

const CHANGED: Readonly<Record<Change, string>> = { create: 'created', update: 'updated', delete: 'deleted' }

/** Verb, name and place, as in “Ann **created variable** *env:A* on environment *main*”. */
function phraseOf(subject: Subject): readonly [verb: string, name: string, where?: string] {
  const { type, project, environment = '', task = '', variable = '' } = subject
  switch (type) {
    case 'environment.task':
      return ['ran task', task]
    case 'environment.push':
      return ['deployed', environment]
    case 'environment.redeploy':
      return ['redeployed', environment]
    case 'environment.branch':
      return ['created environment', environment]
    case 'environment.resources.update':
      return ['updated resources on environment', environment]
    case 'environment.deactivate':
      return ['deactivated environment', environment]
    case 'environment.delete':
      return ['deleted environment', environment]
    case 'project.clear_build_cache':
      return ['cleared the build cache of', project]
    case 'project.modify.title':
      return ['changed the title of', project]
    case 'project.create':
      return ['created project', project]
    default: {
      const verb = `${CHANGED[type.slice(type.lastIndexOf('.') + 1) as Change]} variable`
      return type.startsWith('project.') ? [verb, variable] : [verb, variable, environment]
    }
  }
}

/** For clients that show HTML, and for those that show text. */
export function wordsOf(
  subject: Subject,
  user: { readonly id: string; readonly name: string },
): { readonly description: string; readonly text: string } {
  const [verb, name, where] = phraseOf(subject)
  const at = (place: string): string => (where === undefined ? '' : ` on environment ${place}`)
  return {
    description: `<user data-id="${user.id}">${escaped(user.name)}</user> ${verb} <strong>${escaped(name)}</strong>${at(`<strong>${escaped(where ?? '')}</strong>`)}`,
    text: `${user.name} ${verb} **${name}**${at(`**${where}**`)}`,
  }
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
