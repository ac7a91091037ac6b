import { describe, expect, it } from "vitest";
import { mergeStacks } from "../../embedded-aws/template/merge-stacks.ts";

const data = {
  Resources: { Table: { Type: "AWS::DynamoDB::Table" } },
  Outputs: {
    TableName: { Value: { Ref: "Table" } },
    ExportsOutput: { Value: { "Fn::GetAtt": ["Table", "Arn"] }, Export: { Name: "data:Arn" } },
  },
};
const importing = (name: string) => ({
  Resources: { Policy: { Resources: [{ "Fn::Join": ["", [{ "Fn::ImportValue": name }, "/*"]] }] } },
});

describe("mergeStacks", () => {
  it("replaces each import by the exported value, and drops the exports", () => {
    expect(mergeStacks<object>([data, importing("data:Arn")])).toEqual({
      Resources: {
        Table: { Type: "AWS::DynamoDB::Table" },
        Policy: { Resources: [{ "Fn::Join": ["", [{ "Fn::GetAtt": ["Table", "Arn"] }, "/*"]] }] },
      },
      Outputs: { TableName: { Value: { Ref: "Table" } } },
    });
  });

  it.each([
    { wrong: "an import that no stack exports", stacks: [data, importing("data:Name")], says: /imports "data:Name"/ },
    { wrong: "a logical id in two stacks", stacks: [data, data], says: /Two stacks have a resource Table/ },
  ])("refuses stacks with $wrong", ({ stacks, says }) => {
    expect(() => mergeStacks<object>(stacks)).toThrow(says);
  });
});
