/** What an environment's specification says of its content. */
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Content, GitTarget } from '../../../workspaces/checkout.ts'
import { invalidArgument } from '../errors.ts'
import { type GitInitializer, GitInitializer_CloneTargetMode as Mode } from '../gen/gitpod/v1/environment_pb.js'
import type { OnaOptions } from '../options.ts'
import { type EnvironmentSpecJson, specOf } from './spec-json.ts'

const FIELD = 'spec.content.initializer.specs[0]'

/** Throws `invalid_argument` for what cannot or must not be fetched; `field`: where the request says it. */
export function contentOf(options: OnaOptions, spec: EnvironmentSpecJson, field = FIELD): Content {
  const [first, ...more] = specOf(spec).content?.initializer?.specs ?? []
  if (more.length > 0) throw invalidArgument(`${field}: one specification is served`)
  if (first?.spec.case === 'git') return gitContent(first.spec.value, `${field}.git`)
  if (first?.spec.case === 'contextUrl') return contentOfUrl(options, first.spec.value.url, `${field}.context_url.url`)
  return { kind: 'empty' }
}

/** Throws `invalid_argument`. */
export function contentOfUrl(options: OnaOptions, url: string, field: string): Content {
  if (url.startsWith('file:')) return { kind: 'directory', directory: directoryOfUrl(options, url, field) }
  const tree = /^(https?:\/\/[^/]+\/[^?#]+?)(?:\/-)?\/tree\/([^?#]+?)\/?$/.exec(url)
  if (tree)
    return {
      kind: 'git',
      url: gitUrl(tree[1]!, field),
      target: { kind: 'branch', name: refName(decoded(tree[2]!), field) },
    }
  return { kind: 'git', url: gitUrl(url, field) }
}

/** What is no percent-encoding means itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function directoryOfUrl({ workspaceRoots }: OnaOptions, url: string, field: string): string {
  const path = realpath(pathOfUrl(url, field))
  const roots = workspaceRoots.map((root) => realpath(root)).filter((root) => root !== undefined)
  if (
    path === undefined ||
    !roots.some((root) => path === root || path.startsWith(root.endsWith('/') ? root : `${root}/`))
  )
    throw invalidArgument(`${field}: ${url} is not a directory below one that the operator gave (--workspace-root)`)
  return path
}

function pathOfUrl(url: string, field: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    throw invalidArgument(`${field}: ${url} is no file URL of this machine`)
  }
}

function realpath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

function gitContent({ remoteUri, targetMode, cloneTarget, checkoutLocation }: GitInitializer, field: string): Content {
  const kind = TARGETS[targetMode]
  const target: GitTarget | undefined = kind && { kind, name: refName(cloneTarget, `${field}.clone_target`) }
  if (/^\/|(^|\/)\.\.(\/|$)|\0/.test(checkoutLocation))
    throw invalidArgument(`${field}.checkout_location: must be a path inside the workspace`)
  return {
    kind: 'git',
    url: gitUrl(remoteUri, `${field}.remote_uri`),
    ...(target && { target }),
    ...(checkoutLocation !== '' && { location: checkoutLocation }),
  }
}

const TARGETS: Readonly<Record<Mode, GitTarget['kind'] | undefined>> = {
  [Mode.UNSPECIFIED]: undefined,
  [Mode.REMOTE_HEAD]: undefined,
  [Mode.REMOTE_COMMIT]: 'commit',
  [Mode.REMOTE_BRANCH]: 'branch',
  [Mode.LOCAL_BRANCH]: 'newBranch',
  [Mode.REMOTE_TAG]: 'tag',
}

/** Only what reaches another machine: no local path, and none of git's helpers that run commands. */
function gitUrl(url: string, field: string): string {
  if (/^(https?|ssh|git):\/\/[^\s\0]+$/.test(url) || /^[\w.-]+@[\w.-]+:[^\s\0]+$/.test(url)) return url
  throw invalidArgument(`${field}: ${JSON.stringify(url)} is no git URL (https, ssh, git)`)
}

function refName(name: string, field: string): string {
  if (name === '' || name.startsWith('-') || /[\s\0~^:?*[\\]|\.\./.test(name))
    throw invalidArgument(`${field}: ${JSON.stringify(name)} is no branch, tag or commit`)
  return name
}

/** The last part of the address, as the vendor names the folder. */
export function folderNameOf(content: Content): string {
  const text = content.kind === 'git' ? content.url : content.kind === 'directory' ? content.directory : ''
  const last = /([^/:]+?)(?:\.git)?\/*$/.exec(text)?.[1] ?? ''
  return /^[\w.-]{1,100}$/.test(last) && !/^\.+$/.test(last) ? last : 'workspace'
}
