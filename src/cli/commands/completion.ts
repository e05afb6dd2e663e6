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
  /** The values of its positional argument, if they are known. */
  readonly words: readonly string[];
  readonly options: readonly (readonly [name: string, option: CliOption])[];
}

const HELP: CliOption = { short: "h", description: "Show this help" };
/** The beginnings of URLs. */
const URLS = ["redis://", "rediss://"];
/** The options of the program. */
const OWN: Described["options"] = [["help", HELP], ["version", {
  short: "v",
  description: "Show the version",
}]];

async function describe({ name, summary, load }: CliEntry): Promise<Described> {
  const { options, positionals = [0, 0], words = positionals[1] > 0 ? URLS : [] } = await load();
  return { name, summary, words, options: [...Object.entries(options), ["help", HELP]] };
}

/** A text between single quotes of a shell. */
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The arguments of `_arguments` of zsh for the options of a command. */
function zshOptions(options: Described["options"]): string[] {
  return options.flatMap(([name, { description, value, short, multiple, path }]) => {
    const text = description.replaceAll(/[[\]:]/g, " ");
    const after = value === undefined ? "" : `:${value}:${path ? "_files" : ""}`;
    const names = [`--${name}${value === undefined ? "" : "="}`, ...short === undefined ? [] : [`-${short}`]];
    return names.map((each) => quote(`${multiple ? "*" : ""}${each}[${text}]${after}`));
  });
}

/** The lines of fish for the options where `condition` is true. */
function fishOptions(options: Described["options"], condition: string): string {
  return options.map(([name, { description, value, short, path }]) => {
    const names = `-l ${name}${short === undefined ? "" : ` -s ${short}`}`;
    const after = value === undefined ? "" : path ? " -r -F" : " -x";
    return `complete -c ${PROGRAM} -n ${quote(condition)} ${names}${after} -d ${quote(description)}\n`;
  }).join("");
}

/** Words that complete in each place. */
const SHELLS: Readonly<Record<string, (commands: readonly Described[]) => string>> = {
  bash: (commands) => {
    const paths = commands.flatMap(({ options }) => options.filter(([, { path }]) => path)).map(([name]) =>
      `--${name}`
    );
    const cases = commands.map(({ name, options, words }) =>
      `    ${name}) words="${[...words, ...options.map(([option]) => `--${option}`)].join(" ")}" ;;\n`
    ).join("");
    return `_${PROGRAM}() {
  local words="${commands.map(({ name }) => name).join(" ")} --help --version"
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
    ${paths.join("|")}) COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")); return ;;
  esac
  [ "$COMP_CWORD" -gt 1 ] && case "\${COMP_WORDS[1]}" in
${cases}  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _${PROGRAM} ${PROGRAM}
`;
  },
  zsh: (commands) => {
    const list = commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}\n`).join("");
    const cases = commands.map(({ name, options, words }) => {
      const specs = zshOptions(options);
      // Without a place for it, zsh completes no options behind a URL.
      if (words.length > 0) specs.push(quote(`1: :(${words.join(" ")})`));
      return `    ${name}) _arguments ${specs.join(" ")} ;;\n`;
    }).join("");
    return `#compdef ${PROGRAM}
_${PROGRAM}() {
  local -a commands=(
${list}  )
  if (( CURRENT == 2 )); then
    if [[ $words[2] == -* ]]; then _arguments ${zshOptions(OWN).join(" ")}; else
      _describe command commands
    fi
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${cases}  esac
}
if [ "$funcstack[1]" = _${PROGRAM} ]; then _${PROGRAM}; else compdef _${PROGRAM} ${PROGRAM}; fi
`;
  },
  fish: (commands) =>
    `complete -c ${PROGRAM} -f\n${fishOptions(OWN, "__fish_use_subcommand")}` +
    commands.map(({ name, summary, words, options }) => {
      const condition = `__fish_seen_subcommand_from ${name}`;
      const own = words.length === 0
        ? ""
        : `complete -c ${PROGRAM} -n ${quote(condition)} -a ${quote(words.join(" "))}\n`;
      return `complete -c ${PROGRAM} -n __fish_use_subcommand -a ${name} -d ${quote(summary)}\n` + own +
        fishOptions(options, condition);
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
    words: shells,
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
