import type { CloneJob } from './clone-job.ts'

/** What a workspace is filled with. */
export type Content =
  | { readonly kind: 'empty' }
  | { readonly kind: 'git'; readonly url: string; readonly target?: GitTarget; readonly location?: string }
  /** A directory of the operator's machine, used in place. */
  | { readonly kind: 'directory'; readonly directory: string }
  /** A copy of a directory that another workspace left. */
  | { readonly kind: 'copy'; readonly from: string }

export interface GitTarget {
  readonly kind: 'commit' | 'branch' | 'tag' | 'newBranch'
  readonly name: string
}

/** Done once: a marker beside the workspace's files says so, and a broken clone is begun again. */
const ONCE = `marker="$1/../.filled"; [ -e "$marker" ] && { echo "the workspace is there"; exit 0; }
find "$1" -mindepth 1 -maxdepth 1 -exec rm -rf -- {} +
cd "$1"
`
const DONE = `
: > "$marker"`

const CLONE = `target="$3"; name="$4"; place="\${5:-.}"
case "$target" in
  branch|tag) git clone --branch "$name" -- "$2" "$place" ;;
  *) git clone -- "$2" "$place" ;;
esac
cd "$place"
case "$target" in
  commit) git checkout --detach "$name" -- ;;
  newBranch) git checkout -b "$name" -- ;;
esac
git log -1 --format='at %h %s' 2>/dev/null || true`

const COPY = `cp -a --reflink=auto -- "$2/." .; echo "a copy of what a prebuild left"`

const LOOK = `cd "$1"; echo "a directory of this machine, used in place"`

const script = (body: string, workspace: string, ...rest: string[]): readonly string[] => [
  'bash',
  '-e',
  '-c',
  ONCE + body + DONE,
  'checkout',
  workspace,
  ...rest,
]

/** What fills `workspace` where nothing is fetched. Paths are as the program sees them; it may write the workspace's parent if it is our own. */
export function fillArgv(content: Exclude<Content, { kind: 'git' }>, workspace: string): readonly string[] {
  if (content.kind === 'empty') return script(':', workspace)
  if (content.kind === 'copy') return script(COPY, workspace, content.from)
  return ['bash', '-e', '-c', LOOK, 'checkout', workspace]
}

/** The clone itself, inside programs/clone.ts. */
export const cloneScriptArgv = ({ url, target, workspace, location }: CloneJob): readonly string[] =>
  script(CLONE, workspace, url, target?.kind ?? '', target?.name ?? '', location)
