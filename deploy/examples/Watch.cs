// Prints the trades of a symbol; after a lost connection it resumes exactly where it was. .NET 8, nothing else:
//
//     dotnet new console -o watch && cp Watch.cs watch/Program.cs && dotnet run --project watch ws://127.0.0.1:8080/ws BTC-USD
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

var cursors = new Dictionary<string, string>(); // the last cursor of each source: all that has to be remembered
while (true)
{
    try
    {
        await Follow(new Uri(args[0]), args[1]);
    }
    catch (Exception error) when (error is WebSocketException or IOException or InvalidOperationException)
    {
        Console.Error.WriteLine($"lost: {error.Message}");
    }
    await Task.Delay(1000);
}

async Task Follow(Uri url, string symbol)
{
    using var socket = new ClientWebSocket();
    await socket.ConnectAsync(url, CancellationToken.None);
    var subscribe = new Dictionary<string, object> { ["channel"] = "trades", ["symbol"] = symbol };
    if (cursors.Count > 0)
        subscribe["since"] = cursors;
    var request = JsonSerializer.SerializeToUtf8Bytes(new { jsonrpc = "2.0", id = 1, method = "subscribe", @params = subscribe });
    await socket.SendAsync(request, WebSocketMessageType.Text, true, CancellationToken.None);
    while (await Receive(socket) is { } text)
        Take(JsonDocument.Parse(text).RootElement);
}

async Task<string?> Receive(ClientWebSocket socket)
{
    var message = new MemoryStream();
    var piece = new byte[65536];
    while (true)
    {
        var received = await socket.ReceiveAsync(piece, CancellationToken.None);
        if (received.MessageType == WebSocketMessageType.Close)
            return null;
        message.Write(piece, 0, received.Count);
        if (received.EndOfMessage)
            return Encoding.UTF8.GetString(message.GetBuffer(), 0, (int)message.Length);
    }
}

void Take(JsonElement message)
{
    if (message.TryGetProperty("error", out var error))
        throw new InvalidOperationException(error.GetProperty("message").GetString());
    if (message.TryGetProperty("result", out var result))
    {
        foreach (var source in result.GetProperty("cursors").EnumerateObject())
            cursors.TryAdd(source.Name, source.Value.GetString()!);
        return;
    }
    var trade = message.GetProperty("params");
    switch (message.GetProperty("method").GetString())
    {
        case "trades.update":
            var cursor = $"{trade.GetProperty("epoch")}-{trade.GetProperty("seq")}";
            cursors[trade.GetProperty("source").GetString()!] = cursor;
            // GetRawText is the decimal as the exchange sent it, digit for digit.
            Console.WriteLine($"{cursor} {trade.GetProperty("symbol")} {trade.GetProperty("side")} "
                + $"{trade.GetProperty("qty").GetRawText()} {trade.GetProperty("price").GetRawText()}");
            break;
        case "trades.gap":
            Console.Error.WriteLine($"missed: {trade.GetProperty("missing")} trades from {trade.GetProperty("from")} to {trade.GetProperty("to")}");
            break;
    }
}
