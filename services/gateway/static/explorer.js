// Starts GraphiQL against the service that served it. Sign in by writing {"authorization": "Bearer …"} under Headers.
(function () {
  "use strict";
  var url = location.origin + "/graphql";
  var socket = url.replace(/^http/, "ws");
  function fetcher(parameters, options) {
    var headers = (options && options.headers) || {};
    var authorization = headers.authorization || headers.Authorization;
    var client = graphqlWs.createClient({
      url: socket,
      lazy: true,
      connectionParams: authorization ? { authorization: authorization } : {},
    });
    return GraphiQL.createFetcher({ url: url, wsClient: client })(parameters, options);
  }
  var welcome = [
    "# Sign in: open Headers below and write",
    '#   {"authorization": "Bearer <what `support token --role AGENT` printed>"}',
    "",
    "query Newest {",
    "  viewer { role actor { displayName } }",
    "  tickets(first: 10) { nodes { ref subject status requester { displayName } } }",
    "}",
    "",
  ].join("\n");
  ReactDOM.createRoot(document.getElementById("explorer")).render(
    React.createElement(GraphiQL, { fetcher: fetcher, defaultQuery: welcome, defaultEditorToolsVisibility: "headers", shouldPersistHeaders: false })
  );
})();
