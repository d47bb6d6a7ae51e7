/**
 * Amazon Resource Names of this face, in the long format. Texts of refusals: reference ecs.md 4.1.
 */
import { type AwsError, clientException, invalidParameter } from './errors.ts'

/** Where resources of a request live: the account of its credential and the region of its signature. */
export interface Home {
  readonly account: string
  readonly region: string
}

const prefix = (home: Home): string => `arn:aws:ecs:${home.region}:${home.account}`

export const clusterArn = (home: Home, cluster: string): string => `${prefix(home)}:cluster/${cluster}`
export const taskArn = (home: Home, cluster: string, id: string): string => `${prefix(home)}:task/${cluster}/${id}`
export const containerArn = (home: Home, cluster: string, task: string, id: string): string =>
  `${prefix(home)}:container/${cluster}/${task}/${id}`
export const instanceArn = (home: Home, cluster: string, id: string): string =>
  `${prefix(home)}:container-instance/${cluster}/${id}`
export const definitionArn = (home: Home, family: string, revision: number): string =>
  `${prefix(home)}:task-definition/${family}:${revision}`
export const capacityProviderArn = (home: Home, name: string): string => `${prefix(home)}:capacity-provider/${name}`
export const logGroupArn = (home: Home, group: string): string =>
  `arn:aws:logs:${home.region}:${home.account}:log-group:${group}`

export interface EcsArn extends Home {
  /** `cluster`, `task`, `container-instance`, `task-definition` … */
  readonly kind: string
  /** What follows `<kind>/`. */
  readonly path: readonly string[]
}

/** Text: aws-cli#7875. */
export const unsupportedResource = ({ kind }: EcsArn): AwsError =>
  invalidParameter(`Unsupported resource type: ${kind}`)

export const isArn = (text: string): boolean => text.startsWith('arn:')

/** Throws the ClientException that AWS's own parser gives away; and for what lies in another region than the caller's. */
export function parseArn(home: Home, text: string): EcsArn {
  const parts = text.split(':')
  if (parts.length < 6)
    throw clientException(
      `com.amazon.arn.ARNSyntaxException: ${ORDINALS[parts.length] ?? 'Fifth'} colon (${COLONS[parts.length] ?? 'namespace/relative-id'} delimiter) not found: ${text}`,
    )
  const resource = parts.slice(5).join(':')
  const [kind = '', ...path] = resource.split('/')
  if (parts[2] !== 'ecs' || kind === '' || path.length === 0 || path.some((p) => p === ''))
    throw invalidParameter('The ARN provided is invalid.')
  // Text: amazon-ecs-cli#821. The account is not looked at: it is whose credential signed, and development mode has but one.
  if (parts[3] !== home.region) throw invalidParameter('Invalid Region in ARN')
  return { account: parts[4] ?? '', region: home.region, kind, path }
}

const ORDINALS: Readonly<Record<number, string>> = { 1: 'First', 2: 'Second', 3: 'Third', 4: 'Fourth', 5: 'Fifth' }
const COLONS: Readonly<Record<number, string>> = {
  1: 'scheme/partition',
  2: 'partition/service',
  3: 'vendor/region',
  4: 'region/namespace',
  5: 'namespace/relative-id',
}

/** `arn:…:cluster/NAME` or `NAME`. */
export function clusterNameOf(home: Home, given: string | undefined): string {
  if (given === undefined || given === '') return 'default'
  if (!isArn(given)) return given
  const arn = parseArn(home, given)
  if (arn.kind !== 'cluster' || arn.path.length !== 1) throw unsupportedResource(arn)
  return arn.path[0]!
}

/**
 * The id of a task or container instance given by id, long ARN or short ARN. An ARN of another cluster is refused
 * (text: aws-toolkit-vscode#2915).
 */
export function idWithin(home: Home, kind: 'task' | 'container-instance', given: string, cluster: string): string {
  if (!isArn(given)) return given
  const arn = parseArn(home, given)
  if (arn.kind !== kind || arn.path.length > 2) throw unsupportedResource(arn)
  const [first, second] = arn.path
  if (second === undefined) return first!
  if (first !== cluster)
    throw invalidParameter(`Invalid identifier: Identifier is for cluster ${first}. Your cluster is ${cluster}`)
  return second
}
