import com.alibaba.fastjson.JSON;
import com.alibaba.fastjson.JSONArray;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.rocketmq.broker.filter.MessageEvaluationContext;
import org.apache.rocketmq.common.filter.ExpressionType;
import org.apache.rocketmq.filter.FilterFactory;
import org.apache.rocketmq.filter.expression.Expression;

/**
 * Compiles and evaluates SQL92 expressions with the official 4.6.0 classes. Each line of the file named first is JSON,
 * {"expression": text, "messages": [{property: value}]}; the file named second gets a line for each: {"error": what the
 * broker answers} or {"truths": one letter per message}: t(rue), f(alse), n(ull), e(xception).
 * Run: compat-tests/peer/peer run compat-tests/java/SqlReferee.java cases.jsonl answers.jsonl
 */
public class SqlReferee {
  public static void main(String[] args) throws Exception {
    try (BufferedReader in = Files.newBufferedReader(Path.of(args[0]), StandardCharsets.UTF_8);
        PrintStream out = new PrintStream(Files.newOutputStream(Path.of(args[1])), false, "UTF-8")) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        out.println(JSON.toJSONString(answer(JSON.parseObject(line, Case.class))));
      }
      out.flush();
    }
    System.exit(0);
  }

  static Map<String, Object> answer(Case one) {
    Map<String, Object> answer = new LinkedHashMap<>();
    Expression compiled;
    try {
      compiled = FilterFactory.INSTANCE.get(ExpressionType.SQL92).compile(one.expression);
    } catch (Throwable e) {
      answer.put("error", String.valueOf(e.getMessage()));
      return answer;
    }
    StringBuilder truths = new StringBuilder();
    for (Object message : one.messages) truths.append(truth(compiled, JSON.toJSON(message)));
    answer.put("truths", truths.toString());
    return answer;
  }

  static char truth(Expression compiled, Object message) {
    Map<String, String> properties = new LinkedHashMap<>();
    for (Map.Entry<String, Object> each : ((Map<String, Object>) message).entrySet()) {
      properties.put(each.getKey(), String.valueOf(each.getValue()));
    }
    try {
      Object result = compiled.evaluate(new MessageEvaluationContext(properties));
      return result == null ? 'n' : result == Boolean.TRUE ? 't' : 'f';
    } catch (Throwable e) {
      return 'e';
    }
  }

  public static class Case {
    public String expression;
    public JSONArray messages;
  }
}
