/**
 * `completion`: scripts by which shells complete commands and options.
 *
 * @module
 */
import type { CliCommand, CliEntry, CliOption } from "../command.ts";
import { PROGRAM } from "../help.ts";
import { UsageError } from "../usage_error.ts";

/** A command with its options. */
interface Described {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly (readonly [name: string, option: CliOption])[];
}

async function describe({ name, summary, load }: CliEntry): Promise<Described> {
  const { options } = await load();
  return {
    name,
    summary,
    options: [...Object.entries(options), ["help", { description: "Show this help" }]],
  };
}

/** A text between single quotes of a shell. */
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Words that complete in each place. */
const SHELLS: Readonly<Record<string, (commands: readonly Described[]) => string>> = {
  bash: (commands) => {
    const cases = commands.map(({ name, options }) =>
      `    ${name}) words="${options.map(([option]) => `--${option}`).join(" ")}" ;;\n`
    ).join("");
    return `_${PROGRAM}() {
  local words="${commands.map(({ name }) => name).join(" ")} --help --version"
  [ "$COMP_CWORD" -gt 1 ] && case "\${COMP_WORDS[1]}" in
${cases}  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _${PROGRAM} ${PROGRAM}
`;
  },
  zsh: (commands) => {
    const list = commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}\n`).join("");
    const cases = commands.map(({ name, options }) => {
      const specs = options.map(([option, { description, value }]) => {
        const text = description.replaceAll(/[[\]:]/g, " ");
        return quote(`--${option}[${text}]${value === undefined ? "" : `:${value}:`}`);
      });
      return `    ${name}) _arguments ${specs.join(" ")} ;;\n`;
    }).join("");
    return `#compdef ${PROGRAM}
_${PROGRAM}() {
  local -a commands=(
${list}  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
${cases}  esac
}
if [ "$funcstack[1]" = _${PROGRAM} ]; then _${PROGRAM}; else compdef _${PROGRAM} ${PROGRAM}; fi
`;
  },
  fish: (commands) =>
    commands.map(({ name, summary, options }) => {
      const own = `complete -c ${PROGRAM} -n ${quote(`__fish_seen_subcommand_from ${name}`)}`;
      return `complete -c ${PROGRAM} -f -n __fish_use_subcommand -a ${name} -d ${quote(summary)}\n` +
        options.map(([option, { description, value, short }]) =>
          `${own} -l ${option}${short === undefined ? "" : ` -s ${short}`}${
            value === undefined ? "" : " -r"
          } -d ${quote(description)}\n`
        ).join("");
    }).join(""),
};

/** Makes the command for these commands; it is one of them. */
export function completionOf(commands: readonly CliEntry[]): CliCommand {
  const shells = Object.keys(SHELLS);
  return {
    usage: shells.join("|"),
    description: `Prints a script by which a shell completes commands and options:

  bash  echo 'source <(${PROGRAM} completion bash)' >> ~/.bashrc
  zsh   ${PROGRAM} completion zsh > "\${fpath[1]}/_${PROGRAM}"
  fish  ${PROGRAM} completion fish > ~/.config/fish/completions/${PROGRAM}.fish`,
    options: {},
    positionals: [1, 1],
    async run({ positionals: [shell] }, { terminal }) {
      const make = Object.hasOwn(SHELLS, shell!) ? SHELLS[shell!] : undefined;
      if (make === undefined) {
        throw new UsageError(`there is no shell "${shell}"; there are ${shells.join(", ")}`);
      }
      terminal.write(make(await Promise.all(commands.map(describe))));
      return 0;
    },
  };
}
