/** What a workspace is filled with. */
export type Content =
  | { readonly kind: 'empty' }
  | { readonly kind: 'git'; readonly url: string; readonly target?: GitTarget; readonly location?: string }
  /** A directory of the operator's machine, used in place. */
  | { readonly kind: 'directory'; readonly directory: string }

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
export GIT_TERMINAL_PROMPT=0
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

const LOOK = `cd "$1"; echo "a directory of this machine, used in place"`

/** The program that fills `workspace`: a path as the program sees it, whose parent it may write, if it is our own. */
export function checkoutArgv(content: Content, workspace: string): readonly string[] {
  const script = (body: string, ...rest: string[]): readonly string[] => [
    'bash',
    '-e',
    '-c',
    ONCE + body + DONE,
    'checkout',
    workspace,
    ...rest,
  ]
  switch (content.kind) {
    case 'empty':
      return script(':')
    case 'directory':
      return ['bash', '-e', '-c', LOOK, 'checkout', workspace]
    case 'git':
      return script(CLONE, content.url, content.target?.kind ?? '', content.target?.name ?? '', content.location ?? '.')
  }
}
