# shellcheck shell=bash
# ./dev docs: what the documents say must be there. Sourced after steps.sh.

# check_docs BINARIES: links between files, and command lines against `skald … --help`.
check_docs() {
  local binaries=$1 problems=0 documents=()
  mapfile -t documents < <(find . -name build -prune -o -name .git -prune -o -name '*.md' -print |
    sed 's|^\./||' | sort)
  step "links of ${#documents[@]} documents"
  check_links "${documents[@]}" || problems=1
  step "command lines of ${#documents[@]} documents"
  check_command_lines "$binaries" "${documents[@]}" || problems=1
  [[ $problems -eq 0 ]] || fail "documents and code differ; see above"
}

# `[text](target#anchor)`, one `file<TAB>target` a line; links to other sites are not followed.
list_links() {
  local document
  for document in "$@"; do
    without_code "$document" | { grep -oE '\]\([^) ]+' || true; } | sed "s|^](|$document\t|" |
      { grep -vE $'\t(https?|mailto):' || true; }
  done
}

without_code() {
  awk '/^ *```/ { code = !code; next } !code' "$1" | sed 's/`[^`]*`//g'
}

check_links() {
  local document target path anchor bad=0
  while IFS=$'\t' read -r document target; do
    path=${target%%#*}
    anchor=
    [[ $target != *'#'* ]] || anchor=${target#*#}
    if [[ -n $path ]]; then path=$(dirname "$document")/$path; else path=$document; fi
    if [[ ! -e $path ]]; then
      echo "$document: link to '$target' leads nowhere"
      bad=1
    elif [[ -n $anchor && -f $path ]] && ! anchors_of "$path" | grep -qxF "$anchor"; then
      echo "$document: '$path' has no heading '#$anchor'"
      bad=1
    fi
  done < <(list_links "$@")
  return $bad
}

# Headings as GitHub names them.
anchors_of() {
  awk '/^ *```/ { code = !code } !code && /^#+ /' "$1" | sed -E 's/^#+ +//; s/ +$//' |
    tr '[:upper:]' '[:lower:]' | sed -E 's/[^a-z0-9 _-]//g; s/ /-/g'
}

# Lines of code blocks that begin with `skald VERB` or `$ skald VERB`, as `file<TAB>line`.
list_command_lines() {
  local document
  for document in "$@"; do
    awk -v name="$document" '
      /^ *```/ { code = !code; next }
      code && /^ *(\$ )?(build\/release\/bin\/)?skald [a-z]/ {
        sub(/^ *(\$ )?(build\/release\/bin\/)?skald /, ""); sub(/ +#.*/, ""); print name "\t" $0 }' "$document"
  done
}

check_command_lines() {
  local binaries=$1 document line verb option help bad=0
  shift
  while IFS=$'\t' read -r document line; do
    verb=${line%% *}
    # A verb may have verbs of its own: `definition lint`.
    if ! help=$("$binaries/skald" "$verb" --help-all 2>/dev/null ||
      "$binaries/skald" "$verb" --help 2>/dev/null); then
      echo "$document: skald has no verb '$verb': skald $line"
      bad=1
      continue
    fi
    help+=$("$binaries/skald" --help)
    while IFS= read -r option; do
      if ! grep -qE -- "(^|[ ,])$option([ ,=]|\$)" <<<"$help"; then
        echo "$document: skald $verb has no option '$option': skald $line"
        bad=1
      fi
    done < <(grep -oE -- '(^| )--?[a-z][a-z-]*' <<<"$line" | tr -d ' ')
  done < <(list_command_lines "$@")
  return $bad
}
