import { visibleFlags } from './help.ts';
import type { Flag } from '../options/flags/flag.ts';
import type { Command } from '../options/commands/command.ts';
import { COMMANDS, ROOT_FLAGS, type SHELLS } from '../options/commands/index.ts';

/** Returns a script that completes kpromo's commands, flags and values in a shell. */
export function completionScript(shell: (typeof SHELLS)[number]): string {
  return { bash, zsh, fish }[shell]();
}

function bash(): string {
  return `# bash completion of kpromo: source <(kpromo completion bash)
_kpromo() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command= index
  # bash takes --flag=value apart at the equals sign
  if [[ $current == = ]]; then current=
  elif [[ $previous == = ]]; then previous=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    case \${COMP_WORDS[index]} in ${COMMANDS.map(({ name }) => name).join('|')}) command=\${COMP_WORDS[index]}; break ;; esac
  done
  COMPREPLY=()
  case $command:$previous in
${COMMANDS.flatMap(bashValues).join('\n')}
  esac
  case $command in
${COMMANDS.map(bashCommand).join('\n')}
    *) if [[ $current == -* ]]; then ${bashWords(ROOT_FLAGS.map(({ name }) => `--${name}`))}; else ${bashWords(COMMANDS.map(({ name }) => name))}; fi ;;
  esac
}
complete -F _kpromo kpromo
`;
}

function bashValues({ name, ...command }: Command): readonly string[] {
  return visibleFlags({ name, ...command })
    .filter(({ type }) => type !== 'bool')
    .map((flag) => `    ${name}:--${flag.name}) ${bashValue(flag)}return ;;`);
}

function bashValue({ choices, completes }: Pick<Flag, 'choices' | 'completes'>): string {
  if (choices !== undefined) return `COMPREPLY=($(compgen -W ${quote(choices.join(' '))} -- "$current")); `;
  if (completes === undefined) return '';
  return `compopt -o filenames; mapfile -t COMPREPLY < <(compgen -${completes === 'file' ? 'f' : 'd'} -- "$current"); `;
}

/** Completes words right after the command. Completes flags if one was begun, or no word can follow. */
function bashCommand({ name, argument, ...command }: Command): string {
  const flags = bashWords(visibleFlags({ name, ...command }).map((flag) => `--${flag.name}`));
  const { choices = [], required = false, completes } = argument ?? {};
  const files = completes === undefined ? '' : `elif true; then ${bashValue({ completes })}`;
  const offered = choices.length === 0 ? '' : bashWords(choices, required ? '' : '+');
  const words =
    offered === '' ? '' : `elif (( COMP_CWORD == index + 1 )); then ${required ? '' : `${flags}; `}${offered}; `;
  return `    ${name}) if [[ $current == -* ]]; then ${flags}; ${words}${files}else ${flags}; fi ;;`;
}

/** Sets the offered words, or adds to them. */
function bashWords(words: readonly string[], how: '' | '+' = ''): string {
  return `COMPREPLY${how}=($(compgen -W ${quote(words.join(' '))} -- "$current"))`;
}

function zsh(): string {
  return `#compdef kpromo
# zsh completion of kpromo: source <(kpromo completion zsh)
_kpromo() {
  local -a commands
  commands=(
${COMMANDS.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=\${words[2]}
  shift words
  (( CURRENT-- ))
  case $command in
${COMMANDS.map(zshCommand).join('\n')}
  esac
}
compdef _kpromo kpromo
# found in fpath instead of sourced: this is the first completion, answer it too
if [[ \${funcstack[1]} == _kpromo ]]; then _kpromo; fi
`;
}

function zshCommand(command: Command): string {
  const specs = visibleFlags(command).map((flag) => {
    const text = flag.help.replace(/[[\]\\]/g, '\\$&');
    const repeated = flag.type === 'stringArray' ? '*' : '';
    return flag.type === 'bool'
      ? `--${flag.name}[${text}]`
      : `${repeated}--${flag.name}=[${text}]:${flag.value ?? 'VALUE'}:${zshValue(flag)}`;
  });
  if (command.argument?.choices.length)
    specs.push(`1:${command.argument.name}:(${command.argument.choices.join(' ')})`);
  if (command.argument?.completes !== undefined) specs.push(`1:${command.argument.name}:_files`);
  return `    ${command.name}) _arguments ${specs.map(quote).join(' ')} ;;`;
}

function zshValue({ choices, completes }: Flag): string {
  if (choices !== undefined) return `(${choices.join(' ')})`;
  return completes === undefined ? ' ' : completes === 'file' ? '_files' : '_files -/';
}

function fish(): string {
  return `# fish completion of kpromo: kpromo completion fish | source
complete -c kpromo -f
${ROOT_FLAGS.map(({ name, help }) => `complete -c kpromo -n __fish_use_subcommand -l ${name} -d ${fishQuote(help)}`).join('\n')}
${COMMANDS.map(({ name, summary }) => `complete -c kpromo -n __fish_use_subcommand -a ${name} -d ${fishQuote(summary)}`).join('\n')}
${COMMANDS.flatMap(fishCommand).join('\n')}
`;
}

function fishCommand(command: Command): readonly string[] {
  const condition = `complete -c kpromo -n '__fish_seen_subcommand_from ${command.name}'`;
  const flags = visibleFlags(command).map((flag) => {
    const short = flag.short === undefined ? '' : ` -s ${flag.short}`;
    return `${condition} -l ${flag.name}${short}${fishValue(flag)} -d ${fishQuote(flag.help)}`;
  });
  if (command.argument?.completes !== undefined) return [...flags, `${condition} -F`];
  return !command.argument?.choices.length
    ? flags
    : [...flags, `${condition} -a ${fishQuote(command.argument.choices.join(' '))}`];
}

function fishValue({ type, choices, completes }: Flag): string {
  if (type === 'bool') return '';
  if (choices !== undefined) return ` -x -a ${fishQuote(choices.join(' '))}`;
  if (completes === undefined) return ' -x';
  return completes === 'file' ? ' -r -F' : " -x -a '(__fish_complete_directories)'";
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function fishQuote(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
