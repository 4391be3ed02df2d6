import ts from 'typescript';
import type { SourceFile } from './source-files.ts';

const MAX_LINE_CHARS = 120;
const MAX_FUNCTION_LINES = 70;
const TODO_WITHOUT_ISSUE = /\b(TO[D]O|FIX[M]E|XX[X])\b(?!.*#\d)/;
const BANNED_WORDS = new Set(['Impl', 'Abstract', 'Base', 'Helper', 'Helpers', 'Util', 'Utils']);

/** Java's own managers and services: their names are kept, no others are made up. */
const JAVA_MANAGERS_AND_SERVICES = new Set(
  `ConfigManager TopicConfigManager SubscriptionGroupManager ConsumerOffsetManager ConsumerFilterManager ConsumerManager
  ProducerManager RebalanceLockManager RouteInfoManager KVConfigManager BrokerStatsManager BrokerFastFailure
  ReputMessageService ScheduleMessageService IndexService PullRequestHoldService HAService GroupTransferService
  TransactionalMessageService TransactionalMessageCheckService CleanCommitLogService CleanConsumeQueueService
  FlushConsumeQueueService FlushRealTimeService FlushCommitLogService GroupCommitService CommitRealTimeService
  AllocateMappedFileService StoreStatsService ClientHousekeepingService FilterServerManager FileWatchService
  FlushService CleanService`.split(/\s+/),
);

/** The rules that look at one file. */
export function codeRules(file: SourceFile): string[] {
  return [...lineRules(file), ...(file.isTest ? [] : functionRules(file)), ...nameRules(file), ...docRules(file)];
}

function lineRules({ path, lines }: SourceFile): string[] {
  const violations: string[] = [];
  for (const [index, line] of lines.entries()) {
    const at = `${path}:${index + 1}`;
    if (line.length > MAX_LINE_CHARS) violations.push(`${at}: ${line.length} characters, at most ${MAX_LINE_CHARS}`);
    if (TODO_WITHOUT_ISSUE.test(line)) violations.push(`${at}: a thing to do needs the number of its issue`);
  }
  return violations;
}

function functionRules({ path, tree }: SourceFile): string[] {
  const violations: string[] = [];
  visit(tree, (node) => {
    if (!isFunctionWithBody(node)) return;
    const first = tree.getLineAndCharacterOfPosition(node.getStart()).line;
    const lines = tree.getLineAndCharacterOfPosition(node.end).line - first + 1;
    if (lines <= MAX_FUNCTION_LINES) return;
    const name = node.name?.getText() ?? 'a function';
    violations.push(`${path}:${first + 1}: ${name} has ${lines} lines, at most ${MAX_FUNCTION_LINES}`);
  });
  return violations;
}

function isFunctionWithBody(node: ts.Node): node is ts.FunctionLikeDeclaration {
  return ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;
}

/** Names of types and files; a variable called `base` is a unit, a class called Base is a habit. */
function nameRules({ path, tree }: SourceFile): string[] {
  const violations: string[] = [];
  const fileName = path.slice(path.lastIndexOf('/') + 1).replace(/\.(test|test-d|prop\.test|compat)?\.?(ts|mjs)$/, '');
  if (!/^[a-z0-9]+([.-][a-z0-9]+)*$/.test(fileName)) violations.push(`${path}: file names are kebab-case`);
  const camel = fileName.replaceAll(/(^|[.-])([a-z0-9])/g, (_, __, letter: string) => letter.toUpperCase());
  violations.push(...bannedWords(camel).map((word) => `${path}: file names do without "${word}"`));
  visit(tree, (node) => {
    if (!ts.isClassDeclaration(node) && !ts.isInterfaceDeclaration(node) && !ts.isTypeAliasDeclaration(node)) return;
    const name = node.name?.text ?? '';
    const at = `${path}:${tree.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
    violations.push(...bannedWords(name).map((word) => `${at}: the name ${name} does without "${word}"`));
    if (/^I[A-Z][a-z]/.test(name) && !/^IP/.test(name)) violations.push(`${at}: ${name} needs no prefix I`);
    if (/(Manager|Service)$/.test(name) && !JAVA_MANAGERS_AND_SERVICES.has(name)) {
      violations.push(`${at}: ${name}: Manager and Service only where Java has the name`);
    }
  });
  return violations;
}

function bannedWords(name: string): string[] {
  return (name.match(/[A-Z][a-z]*\d*/g) ?? []).filter((word) => BANNED_WORDS.has(word));
}

/** Exported functions and classes of production code say what they do; nothing is exported as default. */
function docRules({ path, tree }: SourceFile): string[] {
  if (!path.startsWith('src/') || /\.test(-d)?\.ts$/.test(path)) return [];
  const violations: string[] = [];
  for (const statement of tree.statements) {
    const isTarget = ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement);
    if (!isTarget || !ts.getModifiers(statement)?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)) {
      continue;
    }
    if (isOverload(statement) || ts.getJSDocCommentsAndTags(statement).length > 0) continue;
    const at = `${path}:${tree.getLineAndCharacterOfPosition(statement.getStart()).line + 1}`;
    violations.push(`${at}: ${statement.name?.text ?? 'an export'} has no docstring`);
  }
  return violations;
}

function isOverload(statement: ts.Statement): boolean {
  return ts.isFunctionDeclaration(statement) && statement.body === undefined;
}

function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, (child) => visit(child, look));
}
